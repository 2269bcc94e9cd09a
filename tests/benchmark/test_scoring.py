from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from fer_edge.benchmark.scoring import score_all, score_faces
from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Dataset
from fer_edge.labels import EXPRESSIONS


class Reversed:
    """Gives each face's mean brightness as the score of the last label, which is "angry"."""

    card = ModelCard("reversed", "none", labels=EXPRESSIONS[::-1], input=InputSpec(width=24, height=32))
    runtime = "none"
    shape: tuple[int, ...] = ()

    def classify(self, face: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def classify_all(self, faces: np.ndarray, on_progress: Callable[[int], None] | None = None) -> np.ndarray:
        self.shape = faces.shape
        scores = np.zeros((len(faces), 7), np.float32)
        scores[:, 6] = faces.mean(axis=(1, 2)) / 255
        return scores


def test_scores_are_in_canonical_order_and_faces_have_the_models_size(faces: Dataset) -> None:
    classifier = Reversed()
    scores = score_faces(classifier, faces.validation.images[:5], lambda _: None)
    assert classifier.shape == (5, 32, 24)
    assert scores[:, 0] == pytest.approx(faces.validation.images[:5].mean(axis=(1, 2)) / 255, abs=0.01)
    assert not scores[:, 1:].any()


def test_scores_are_keyed_by_name_and_progress_grows(faces: Dataset) -> None:
    images, told = faces.validation.images[:5], list[float]()
    scores = score_all({"one": Telling(), "other": Reversed()}, {"one": 1.0, "other": 3.0}, images, told.append)
    assert list(scores) == ["one", "other"]
    assert np.array_equal(scores["other"], score_faces(Reversed(), images, told.append))
    assert sum(scores["one"][:, 6]) == 5
    assert max(told[:5]) == pytest.approx(0.25)  # 5 of 5 faces of the quick one; the other told of none


class Telling(Reversed):
    """Tells of its progress face by face, and may go on for ever."""

    def __init__(self, faces: Iterable[int] | None = None) -> None:
        self.faces = faces

    def classify_all(self, faces: np.ndarray, on_progress: Callable[[int], None] | None = None) -> np.ndarray:
        assert on_progress is not None
        for _ in self.faces or ():
            on_progress(1)
        for done in range(1, len(faces) + 1):
            on_progress(done)
        return np.tile(np.eye(7, dtype=np.float32)[0], (len(faces), 1))


class Interrupted(Reversed):
    def classify_all(self, faces: np.ndarray, on_progress: Callable[[int], None] | None = None) -> np.ndarray:
        raise KeyboardInterrupt


def test_ctrl_c_stops_all_scoring(faces: Dataset) -> None:
    endless = {"endless": Telling(itertools.count()), "interrupted": Interrupted()}
    with pytest.raises(KeyboardInterrupt):
        score_all(endless, {"endless": 1.0, "interrupted": 2.0}, faces.validation.images[:2], lambda _: None)
