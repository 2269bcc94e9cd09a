from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_edge.benchmark.quality import (
    accuracy_interval,
    as_digits,
    find_moved,
    judge,
    judge_faces,
    score_all,
    score_faces,
)
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.votes import CHOICES, NO_TRUTH, Votes
from fer_edge.labels import EXPRESSIONS
from fer_edge.model_card import InputSpec, ModelCard


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


CARD = ModelCard("net", "net")
NONE_COPIED, ONE_COPIED = np.zeros(4, bool), np.array([True, False, False, False])


def voted(split: Split, *answers: int) -> Split:
    """The first images, all ten people giving the same answer on each; they are split on `NO_TRUTH`."""
    counts = np.zeros((len(answers), len(CHOICES)), np.uint16)
    for row, answer in zip(counts, answers, strict=True):
        row[[0, 1] if answer == NO_TRUTH else answer] = 5 if answer == NO_TRUTH else 10
    return replace(split.take(np.arange(len(answers))), labels=np.arange(len(answers)), votes=Votes(counts))


def test_people_are_judged_on_their_majority_beside_the_label(faces: Dataset) -> None:
    quality = judge_faces(SCORES, voted(faces.validation, 0, 1, 1, NO_TRUTH), NONE_COPIED, CARD)
    assert quality.accuracy == 1
    assert quality.people is not None
    assert (quality.people.images, quality.people.accuracy) == pytest.approx((3, 2 / 3))
    assert quality.people.per_class("recall")[:2] == (1, 0.5)
    assert quality.people.mean_recall == pytest.approx(1.5 / 7)
    assert quality.people.interval[0] <= 2 / 3 <= quality.people.interval[1]
    assert [images for _, _, images in quality.people.reliability] == [4]
    assert quality.people.calibration_error == pytest.approx(abs(SCORES.max() - 0.5))
    assert (quality.people.by_prior, quality.without_copies) == ({}, None)


def test_images_with_a_copy_in_training_are_left_out_beside_all(faces: Dataset) -> None:
    quality = judge_faces(SCORES[[1, 1, 2, 3]], voted(faces.validation, 1, 0, 2, 3), ONE_COPIED, CARD)
    assert quality.without_copies is not None
    assert quality.without_copies.people is not None
    assert (quality.accuracy, quality.without_copies.evaluation["accuracy"]) == (0.75, 1)
    assert quality.without_copies.people["accuracy"] == pytest.approx(2 / 3)
    assert quality.without_copies.evaluation["samples"] == 3


def test_without_votes_only_the_label_is_judged(faces: Dataset) -> None:
    split = replace(voted(faces.validation, 0, 1, 2, 3), votes=None)
    assert judge_faces(SCORES, split, NONE_COPIED, CARD) == judge(SCORES, split.labels)
    assert judge_faces(SCORES, split, ~NONE_COPIED, CARD).without_copies is None
    undecided = voted(faces.validation, *[NO_TRUTH] * 4)
    assert judge_faces(SCORES, undecided, ONE_COPIED, None).people is None


def test_scores_are_re_weighed_for_the_priors_that_a_card_allows(faces: Dataset) -> None:
    shares = dict(zip(EXPRESSIONS, [0.4, *[0.1] * 6], strict=True))
    card = replace(CARD, prior=shares, training={"votes": {"prior": shares}})
    people = judge_faces(SCORES, voted(faces.validation, 0, 1, 2, 3), NONE_COPIED, card).people
    assert people is not None
    assert people.by_prior["photos"] == {"accuracy": people.accuracy, "mean_recall": people.mean_recall}
    assert "balanced" in people.by_prior


def test_an_image_without_a_majority_is_stored_as_a_dash() -> None:
    assert as_digits(np.array([0, NO_TRUTH, 6])) == "0-6"
