from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.dataset.data import Dataset
from fer_edge.errors import ModelError
from fer_edge.training.networks.architectures import ARCHITECTURES
from fer_edge.training.networks.keras_file import KerasClassifier, save_keras
from fer_edge.training.run_folder import RunFolder


def test_faces_are_scored_in_batches_of_any_number(tiny_classifier: KerasClassifier, faces: Dataset) -> None:
    assert tiny_classifier.classify_all(faces.train.images[:0]).shape == (0, 7)
    done: list[float] = []
    scores = tiny_classifier.classify_all(faces.train.images, done.append)
    assert done == [256, 280]
    assert (scores.shape, scores.dtype.name) == ((280, 7), "float32")
    assert scores[-1:] == pytest.approx(tiny_classifier.classify_all(faces.train.images[-1:]), abs=1e-5)


@pytest.mark.parametrize("known", [True, False])
def test_model_is_loaded_by_code_or_from_file(
    tiny_run: RunFolder,
    tiny_classifier: KerasClassifier,
    faces: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    known: bool,
) -> None:
    if not known:
        monkeypatch.delitem(ARCHITECTURES, "tiny")
    loaded = KerasClassifier.load(tiny_run.model, StatedFacts(trusted=not known))
    assert loaded.card == tiny_classifier.card
    images = faces.validation.images
    assert np.array_equal(loaded.classify_all(images), tiny_classifier.classify_all(images))


@pytest.mark.parametrize("content", [None, b"", b"text\n"])
def test_file_that_is_no_model_is_a_model_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.keras"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.keras"):
        KerasClassifier.load(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_truncated_model_is_a_model_error(tiny_run: RunFolder, tmp_path: Path, share: float) -> None:
    content = tiny_run.model.read_bytes()
    path = tmp_path / "model.keras"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=r"model\.keras"):
        KerasClassifier.load(path)


@pytest.mark.parametrize("place", [0.2, 0.4, 0.5, 0.6, 0.8])
def test_flipped_byte_in_weights_is_a_model_error(tiny_run: RunFolder, tmp_path: Path, place: float) -> None:
    content = bytearray(tiny_run.model.read_bytes())
    content[int(len(content) * place)] ^= 0xFF
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.keras"):
        KerasClassifier.load(path)


def test_model_of_other_task_is_a_model_error(tmp_path: Path) -> None:
    inputs = keras.Input((48, 48, 1))
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(inputs)))
    save_keras(model, ModelCard("ten", "unknown"), tmp_path / "ten.keras")
    with pytest.raises(ModelError, match=r"expected a name for each of its 10 scores, got 7: angry"):
        KerasClassifier.load(tmp_path / "ten.keras", StatedFacts(trusted=True))
