from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.benchmark.quality import as_digits, judge, judge_faces
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.votes import CHOICES, NO_TRUTH, Votes
from fer_edge.labels import EXPRESSIONS

SCORES = np.eye(7, dtype=np.float32)[[0, 1, 2, 3]] * np.float32(0.4) + np.float32(0.6 / 7)


def test_quality_has_agreement_for_exported_files_only() -> None:
    labels = np.array([0, 1, 2, 2])
    full = SCORES[[0, 1, 2, 2]]
    quality = judge(SCORES, labels, full)
    assert (quality.accuracy, quality.agreement, quality.predicted) == (0.75, 0.75, "0123")
    assert quality.interval[0] <= 0.75 <= quality.interval[1]
    assert judge(full, labels).agreement is None


CARD = ModelCard("net", "net")
NONE_COPIED, ONE_COPIED = np.zeros(4, bool), np.array([True, False, False, False])


def voted(split: Split, *answers: int) -> Split:
    """The first images, all ten people giving the same answer on each; they are split on `NO_TRUTH`."""
    counts = np.zeros((len(answers), len(CHOICES)), np.uint16)
    for row, answer in zip(counts, answers, strict=True):
        row[[0, 1] if answer == NO_TRUTH else answer] = 5 if answer == NO_TRUTH else 10
    return replace(split.take(np.arange(len(answers))), labels=np.arange(len(answers)), votes=Votes(counts))


def test_people_are_judged_on_images_with_a_majority(faces: Dataset) -> None:
    quality = judge_faces(SCORES, voted(faces.validation, 0, 1, 1, NO_TRUTH), NONE_COPIED, CARD)
    assert quality.accuracy == 1
    assert quality.people is not None
    assert (quality.people.images, quality.people.accuracy) == pytest.approx((3, 2 / 3))
    assert quality.people.per_class("recall")[:2] == (1, 0.5)
    assert quality.people.mean_recall == 0.75
    assert quality.people.interval[0] <= 2 / 3 <= quality.people.interval[1]
    assert [images for _, _, images in quality.people.reliability] == [4]
    assert quality.people.calibration_error == pytest.approx(abs(SCORES.max() - 0.5))
    assert (quality.people.by_prior, quality.without_copies) == ({}, None)


def test_quality_without_copies_leaves_them_out(faces: Dataset) -> None:
    quality = judge_faces(SCORES[[1, 1, 2, 3]], voted(faces.validation, 1, 0, 2, 3), ONE_COPIED, CARD)
    assert quality.without_copies is not None
    assert quality.without_copies.people is not None
    assert (quality.accuracy, quality.without_copies.evaluation["accuracy"]) == (0.75, 1)
    assert quality.without_copies.people["accuracy"] == pytest.approx(2 / 3)
    assert quality.without_copies.evaluation["samples"] == 3


def test_no_votes_give_no_people(faces: Dataset) -> None:
    split = replace(voted(faces.validation, 0, 1, 2, 3), votes=None)
    assert judge_faces(SCORES, split, NONE_COPIED, CARD) == judge(SCORES, split.labels)
    assert judge_faces(SCORES, split, ~NONE_COPIED, CARD).without_copies is None
    undecided = voted(faces.validation, *[NO_TRUTH] * 4)
    assert judge_faces(SCORES, undecided, ONE_COPIED, None).people is None


def test_scores_are_reweighted_for_the_cards_priors(faces: Dataset) -> None:
    shares = dict(zip(EXPRESSIONS, [0.4, *[0.1] * 6], strict=True))
    card = replace(CARD, prior=shares, training={"votes": {"prior": shares}})
    people = judge_faces(SCORES, voted(faces.validation, 0, 1, 2, 3), NONE_COPIED, card).people
    assert people is not None
    assert people.by_prior["photos"] == {"accuracy": people.accuracy, "mean_recall": people.mean_recall}
    assert "balanced" in people.by_prior


def test_image_without_a_majority_is_stored_as_a_dash() -> None:
    assert as_digits(np.array([0, NO_TRUTH, 6])) == "0-6"
