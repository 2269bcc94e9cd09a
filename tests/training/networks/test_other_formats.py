from __future__ import annotations

import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.errors import ModelError
from fer_edge.picture_form import RGB
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.networks.other_formats import is_other_format, layers_with_code

FACTS = StatedFacts(("smile", "other"), (0.0, 255.0), trusted=True)


def own_network() -> keras.Model:
    """Return a small network of 32x32 RGB faces with its preprocessing inside."""
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 127.5, -1),
            keras.layers.Conv2D(4, 3, strides=4, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the network as .h5, as SavedModel and as weights alone."""
    folder = tmp_path_factory.mktemp("saved")
    keras.utils.set_random_seed(1)
    model = own_network()
    model.save(folder / "own.h5")
    model.export(folder / "own", verbose=False)
    model.save_weights(folder / "only.weights.h5")
    return folder


@pytest.mark.parametrize("name", ["own.h5", "own"])
def test_own_network_is_loaded_with_its_size_and_colour(saved: Path, name: str) -> None:
    classifier = KerasClassifier.load(saved / name, FACTS)
    assert (classifier.card.input.size_wh, classifier.card.input.colour) == ((32, 32), RGB)
    assert classifier.card.labels == ("smile", "other")
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    keras.utils.set_random_seed(1)
    assert np.allclose(classifier.classify_all(images), own_network().predict(images, verbose=0), atol=1e-5)


@pytest.mark.parametrize("missing", ["variables.data-00000-of-00001", "variables.index"])
def test_incomplete_saved_model_is_rejected(saved: Path, tmp_path: Path, missing: str) -> None:
    copy = shutil.copytree(saved / "own", tmp_path / "own")
    (copy / "variables" / missing).unlink()
    with pytest.raises(ModelError, match="cannot load it: "):
        KerasClassifier.load(copy, FACTS)


def test_untrusted_file_is_not_loaded(saved: Path) -> None:
    with pytest.raises(ModelError, match="if you trust its origin"):
        KerasClassifier.load(saved / "own.h5", StatedFacts(("smile", "other"), (0.0, 255.0)))


def test_weights_alone_are_rejected_with_advice(saved: Path) -> None:
    with pytest.raises(ModelError, match="it holds weights without their network; save the whole model"):
        KerasClassifier.load(saved / "only.weights.h5", FACTS)


def test_lambda_layer_is_rejected_before_it_runs(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Lambda(lambda x: x), *own_network().layers[1:]])
    model.save(tmp_path / "own.h5")
    with pytest.raises(ModelError, match=r"layers with code of their own \(Lambda\), which is never run"):
        KerasClassifier.load(tmp_path / "own.h5", FACTS)


def test_wrong_number_of_names_is_rejected(saved: Path) -> None:
    with pytest.raises(ModelError, match="expected a name for each of its 2 scores, got 3: a, b, c"):
        KerasClassifier.load(saved / "own.h5", StatedFacts(("a", "b", "c"), (0.0, 255.0), trusted=True))


def test_folder_is_a_saved_model_by_its_file(tmp_path: Path) -> None:
    assert not is_other_format(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    assert is_other_format(tmp_path)


def test_layers_of_other_modules_are_named() -> None:
    config = {"layers": [{"class_name": "Mine", "module": "mine.layers"}, {"class_name": "Dense", "module": "keras"}]}
    assert layers_with_code(config) == ["Mine"]
