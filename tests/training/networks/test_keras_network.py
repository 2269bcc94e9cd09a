"""Loading of .keras files of other projects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.errors import ModelError
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import RGB, PictureForm
from fer_edge.training.networks.keras_file import KerasClassifier, save_keras

L = keras.layers
FACTS = StatedFacts(EXPRESSIONS, (0, 1), trusted=True)


@keras.saving.register_keras_serializable("mine")
class Twice(keras.layers.Layer):  # type: ignore[misc]
    """Layer with code of its own."""

    def call(self, x: object) -> object:
        return x


def classifier(shape: tuple[int | None, ...], *middle: keras.layers.Layer, classes: int = 7) -> keras.Model:
    return keras.Sequential(
        [keras.Input(shape), *middle, L.GlobalAveragePooling2D(), L.Dense(classes, activation="softmax")]
    )


def two_inputs() -> keras.Model:
    a, b = (keras.Input((48, 48, 1)) for _ in range(2))
    return keras.Model([a, b], L.Dense(7, activation="softmax")(L.Flatten()(L.Add()([a, b]))))


def two_outputs() -> keras.Model:
    image = keras.Input((48, 48, 1))
    return keras.Model(image, [L.Dense(n, activation="softmax")(L.Flatten()(image)) for n in (7, 2)])


@pytest.mark.parametrize(
    ("make", "got"),
    [
        (lambda: classifier((48, 48, 4)), r"\(None, 48, 48, 4\) to \(None, 7\)"),
        (lambda: classifier((48, 48, 1), classes=1), r"\(None, 48, 48, 1\) to \(None, 1\)"),
        (lambda: classifier((None, None, 1)), r"\(None, None, None, 1\) to \(None, 7\)"),
        (lambda: classifier((48, 48, 1), classes=8), "expected a name for each of its 8 scores, got 7"),
        (two_inputs, r"\(None, 48, 48, 1\) and \(None, 48, 48, 1\) to \(None, 7\)"),
        (two_outputs, r"to \(None, 7\) and \(None, 2\)"),
        (lambda: keras.Sequential([L.Flatten(), L.Dense(7)]), "saved before it was built"),
        (lambda: classifier((48, 48, 1), L.Lambda(lambda x: x)), r"code of their own \(Lambda\), which is never run"),
        (lambda: classifier((48, 48, 1), Twice()), r"code of their own \(Twice\), which is never run"),
    ],
)
@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_other_model_is_rejected_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], keras.Model], got: str
) -> None:
    make().save(tmp_path / "own.keras")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "mine>Twice")
    with pytest.raises(ModelError, match=got) as raised:
        KerasClassifier.load(tmp_path / "own.keras", FACTS)
    assert str(raised.value).startswith(f"{tmp_path / 'own.keras'}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("card", [None, ModelCard("own", "unknown"), ModelCard("own", "compact ")])
def test_other_network_is_loaded_only_if_trusted(tmp_path: Path, card: ModelCard | None) -> None:
    path, model = tmp_path / "own.keras", classifier((48, 48, 1))
    model.save(path) if card is None else save_keras(model, card, path)
    facts = StatedFacts() if card else StatedFacts(EXPRESSIONS, (0, 255))
    with pytest.raises(ModelError, match=r"none of this project's.*CVE-2025-8747.*trusted=True"):
        KerasClassifier.load(path, facts)
    assert KerasClassifier.load(path, replace(facts, trusted=True)).classify_all(np.zeros((1, 48, 48), np.uint8)).any()


def test_card_of_other_size_is_rejected(tmp_path: Path) -> None:
    card = ModelCard("own", "unknown", input=InputSpec(width=64, height=64))
    save_keras(classifier((48, 48, 1)), card, tmp_path / "own.keras")
    with pytest.raises(ModelError, match="its card says 64x64 gray, its network takes 48x48 gray"):
        KerasClassifier.load(tmp_path / "own.keras", StatedFacts(trusted=True))


def test_labels_size_and_colour_are_the_networks_own(tmp_path: Path) -> None:
    classifier((64, 64, 3), classes=3).save(tmp_path / "own.keras")
    loaded = KerasClassifier.load(tmp_path / "own.keras", StatedFacts(("a", "b", "c"), (0, 1), trusted=True))
    assert (loaded.card.labels, loaded.card.input.form) == (("a", "b", "c"), PictureForm(64, 64, RGB))
    assert loaded.classify_all(np.zeros((2, 64, 64, 3), np.uint8)).shape == (2, 3)


def residual() -> keras.Model:
    """Return a functional network whose input goes to two layers, one of which takes a list."""
    image = keras.Input((48, 48, 1))
    x = L.Rescaling(2.0, name="scale_pixels")(image)
    x = L.Add()([image, L.Conv2D(1, 3, padding="same")(x)])
    return keras.Model(image, L.Dense(7, name="probabilities")(L.Flatten()(x)))


def test_scaling_and_softmax_become_layers(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    model = residual()
    model.save(tmp_path / "own.keras")
    loaded = KerasClassifier.load(tmp_path / "own.keras", StatedFacts(EXPRESSIONS, (-1, 1), logits=True, trusted=True))
    assert (loaded.card.input, loaded.card.takes_raw_pixels) == (InputSpec(), True)
    faces = np.random.default_rng(0).integers(0, 256, (3, 48, 48), np.uint8)
    expected = keras.ops.softmax(model.predict_on_batch(faces[..., np.newaxis] / 127.5 - 1))
    assert loaded.classify_all(faces) == pytest.approx(np.asarray(expected), abs=1e-5)
    assert not [layer for layer in loaded.model.layers if isinstance(layer, keras.Model)], "none is nested"


def in_lists() -> keras.Model:
    image = keras.Input((48, 48, 1))
    return keras.Model([image], [L.Dense(7, activation="softmax")(L.Flatten()(image))])


@pytest.mark.parametrize("make", [lambda: classifier((48, 48, 1)), in_lists])
def test_network_with_softmax_and_raw_pixels_is_not_changed(tmp_path: Path, make: Callable[[], keras.Model]) -> None:
    model = make()
    model.save(tmp_path / "own.keras")
    loaded = KerasClassifier.load(tmp_path / "own.keras", StatedFacts(EXPRESSIONS, (0, 255), trusted=True))
    assert not isinstance(loaded.model, keras.Sequential), "which cannot be exported"
    faces = np.zeros((2, 48, 48), np.uint8)
    assert loaded.classify_all(faces) == pytest.approx(np.asarray(model.predict_on_batch(faces[..., np.newaxis])))
    kept = [layer.name for layer in loaded.model.layers if not isinstance(layer, L.InputLayer)]
    assert kept == [layer.name for layer in model.layers if not isinstance(layer, L.InputLayer)]
