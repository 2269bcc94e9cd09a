from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cards.storage import append_card
from fer_edge.dataset.data import Dataset
from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.labels import EXPRESSIONS


class FixedScores:
    """Interpreter that returns the same scores for every face."""

    runtime = "none"
    input_shape = (1, 48, 48, 1)
    output_size = 7

    def __init__(self, *scores: float) -> None:
        self.quantization: dict[str, object] = {}
        self._scores = np.array(scores, np.float32)

    def run(self, image: np.ndarray) -> np.ndarray:
        return self._scores


@pytest.fixture(scope="module")
def bare(exported_paths: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole TFLite model without a card."""
    card = read_card(exported_paths["tflite int8"])
    path = tmp_path_factory.mktemp("bare") / "bare.tflite"
    path.write_bytes(exported_paths["tflite int8"].read_bytes()[: card.model_bytes])
    return path


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ((0.5, 0.5, 0, 0, 0, 0, 0), [0.5, 0.5, 0, 0, 0, 0, 0]),
        ((0.6, 0.2, -0.02, 0, 0, 0, 0.2), [0.6, 0.2, 0, 0, 0, 0, 0.2]),
        ((0.5, 0.32, 0, 0, 0, 0, 0.2), [0.5 / 1.02, 0.32 / 1.02, 0, 0, 0, 0, 0.2 / 1.02]),
    ],
)
def test_scores_are_a_distribution(stored: tuple[float, ...], expected: list[float]) -> None:
    classifier = Classifier(FixedScores(*stored), ModelCard("x", "x"), Path("x"))  # type: ignore[arg-type]
    assert classifier.classify(np.zeros((48, 48), np.uint8)) == pytest.approx(expected)


@pytest.mark.parametrize("file", ["tflite fp32", "tflite int8", "onnx int8"])
def test_a_file_is_loaded_with_its_card(exported_paths: dict[str, Path], faces: Dataset, file: str) -> None:
    classifier = Classifier.load(exported_paths[file])
    assert (classifier.card.name, classifier.card.labels) == ("tiny", EXPRESSIONS)
    assert classifier.classify_all(faces.validation.images[:0]).shape == (0, 7)
    done: list[float] = []
    scores = classifier.classify_all(faces.validation.images[:3], done.append)
    assert done == [1, 2, 3]
    assert scores.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert scores.min() >= 0
    assert np.array_equal(scores[1], classifier.classify(faces.validation.images[1]))


def test_a_model_without_a_card_needs_labels_and_range(bare: Path) -> None:
    with pytest.raises(ModelError, match=r"has no model card.*labels angry,disgust.*input_range"):
        Classifier.load(bare)
    classifier = Classifier.load(bare, facts=StatedFacts(tuple("abcdefg"), (0, 255)))
    assert classifier.card.labels == tuple("abcdefg")
    assert classifier.card.input.size_wh == (48, 48)


@pytest.mark.parametrize("labels", [("one", "two"), tuple("abcdefgh")])
def test_wrong_number_of_labels_is_rejected(bare: Path, labels: tuple[str, ...]) -> None:
    with pytest.raises(ModelError, match="to 7; it is for another task"):
        Classifier.load(bare, facts=StatedFacts(labels, (0, 255)))


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (StatedFacts(EXPRESSIONS[::-1]), "its card says angry,disgust,.*; leave out labels"),
        (StatedFacts(input_range=(0, 1)), r"its card says 0\.\.255; leave out input_range"),
        (StatedFacts(logits=True), "its card says probabilities; leave out logits"),
    ],
)
def test_facts_that_contradict_the_card_are_rejected(
    exported_paths: dict[str, Path], facts: StatedFacts, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        Classifier.load(exported_paths["tflite int8"], facts=facts)
    Classifier.load(exported_paths["tflite int8"], facts=StatedFacts(EXPRESSIONS, (0, 255)))


def test_card_of_another_model_is_rejected(bare: Path, tmp_path: Path) -> None:
    card = ModelCard("tiny", "tiny")
    for name, wrong in (
        ("labels", replace(card, labels=("yes", "no"))),
        ("size", replace(card, input=replace(card.input, width=64))),
    ):
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(append_card(bare.read_bytes(), wrong))
        with pytest.raises(ModelError, match="it is for another task"):
            Classifier.load(path)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("file", ["tflite int8", "onnx int8"])
def test_a_truncated_file_is_a_model_error(
    exported_paths: dict[str, Path], tmp_path: Path, file: str, share: float
) -> None:
    whole = exported_paths[file]
    path = tmp_path / f"cut{whole.suffix}"
    path.write_bytes(whole.read_bytes()[: int(share * whole.stat().st_size)])
    with pytest.raises(ModelError, match="cut") as raised:
        Classifier.load(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5", "saved_model", "model.pt"])
def test_other_kinds_of_file_are_a_model_error(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x") if path.suffix else path.mkdir()
    with pytest.raises(ModelError, match=r"expected a \.tflite, \.onnx or \.keras file") as raised:
        read_card(path)
    assert ("model.save('model.keras')" in str(raised.value)) is (name != "model.pt")


def test_a_missing_file_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model file"):
        read_card(tmp_path / "none.tflite")


def test_two_classifiers_do_not_share_state(exported_paths: dict[str, Path], faces: Dataset) -> None:
    path, (one, other) = exported_paths["tflite fp32"], faces.validation.images[[0, 60]]
    a, b = (Classifier(open_interpreter(path), read_card(path), path) for _ in range(2))
    alone = a.classify(one)
    b.classify(other)
    assert np.array_equal(a.classify(one), alone)
    assert not np.array_equal(b.classify(other), alone)
