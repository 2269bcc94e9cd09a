from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable

import cv2
import numpy as np
import pytest

from fer_edge.benchmark.quality import accuracy_interval, find_moved, judge, score_all, score_faces
from fer_edge.labels import EXPRESSIONS
from fer_edge.model_card import InputSpec, ModelCard
from fer_edge.training.data import Dataset


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


def test_scores_come_in_the_projects_order_and_faces_in_the_models_size(faces: Dataset) -> None:
    classifier = Reversed()
    scores = score_faces(classifier, faces.validation.images[:5], lambda _: None)
    assert classifier.shape == (5, 32, 24)
    assert scores[:, 0] == pytest.approx(faces.validation.images[:5].mean(axis=(1, 2)) / 255, abs=0.01)
    assert not scores[:, 1:].any()


def test_all_scores_come_by_name_and_the_share_done_grows(faces: Dataset) -> None:
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


def test_ctrl_c_ends_all_scoring(faces: Dataset) -> None:
    endless = {"endless": Telling(itertools.count()), "interrupted": Interrupted()}
    with pytest.raises(KeyboardInterrupt):
        score_all(endless, {"endless": 1.0, "interrupted": 2.0}, faces.validation.images[:2], lambda _: None)


def test_the_interval_is_that_of_a_plain_bootstrap() -> None:
    hits, images = 650, 1000
    correct = np.arange(images) < hits
    rng = np.random.default_rng(1)
    drawn = [correct[rng.integers(0, images, images)].mean() for _ in range(2000)]
    assert accuracy_interval(hits, images) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.004)


@pytest.mark.parametrize(("hits", "interval"), [(0, (0.0, 0.0)), (50, (1.0, 1.0))])
def test_the_interval_at_its_ends(hits: int, interval: tuple[float, float]) -> None:
    assert accuracy_interval(hits, 50) == interval


def test_an_interval_repeats() -> None:
    assert accuracy_interval(30, 50) == accuracy_interval(30, 50)


SCORES = np.eye(7, dtype=np.float32)[[0, 1, 2, 3]] * np.float32(0.4) + np.float32(0.6 / 7)


def test_quality_of_a_file_and_of_its_full_model() -> None:
    labels = np.array([0, 1, 2, 2])
    full = SCORES[[0, 1, 2, 2]]
    quality = judge(SCORES, labels, full)
    assert (quality.accuracy, quality.agreement, quality.predicted) == (0.75, 0.75, "0123")
    assert quality.interval[0] <= 0.75 <= quality.interval[1]
    assert judge(full, labels).agreement is None


def test_what_moved_comes_by_the_full_models_certainty(faces: Dataset) -> None:
    split = faces.validation.take(np.arange(4))
    full = SCORES.copy()
    full[2] *= np.float32(0.5)
    files = {"a": SCORES[[1, 1, 3, 3]], "b": SCORES[[0, 1, 2, 0]]}
    moved = find_moved(files, full, split)
    assert [each.index for each in moved] == [0, 3, 2]
    assert [set(each.files) for each in moved] == [{"a"}, {"b"}, {"a"}]
    assert moved[0].full[0] == EXPRESSIONS[0]
    assert moved[0].full[1] == pytest.approx(0.4 + 0.6 / 7)
    assert moved[0].files["a"][0] == EXPRESSIONS[1]
    assert moved[0].label == EXPRESSIONS[split.labels[0]]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(moved[0].png), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(np.asarray(picture), split.images[0])
    assert find_moved(files, full, split, limit=1) == moved[:1]
    assert find_moved({}, full, split) == ()
