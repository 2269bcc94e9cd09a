from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import (
    PRIORS,
    evaluate_by_votes,
    facts_without_copies,
    measure_one_person,
    people_by_prior,
    people_facts,
    reliability_by_votes,
)
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.labels import EXPRESSIONS
from fer_edge.prior import prior_factors, read_prior, reweigh

FloatArray = npt.NDArray[np.float32]

HAPPY, NEUTRAL, SAD = (EXPRESSIONS.index(name) for name in ("happy", "neutral", "sad"))


def votes(*pictures: dict[int, int]) -> Votes:
    counts = np.zeros((len(pictures), len(CHOICES)), np.uint16)
    for row, picture in zip(counts, pictures, strict=True):
        row[list(picture)] = list(picture.values())
    return Votes(counts)


def test_images_without_majority_are_not_evaluated() -> None:
    some = votes({HAPPY: 10}, {SAD: 8, NEUTRAL: 2}, {HAPPY: 5, NEUTRAL: 5}, {CHOICES.index("no face"): 10})
    scores = np.full((4, 7), 0.02)
    scores[np.arange(4), [HAPPY, NEUTRAL, SAD, SAD]] = 0.88
    found = evaluate_by_votes(scores, some)
    assert found is not None
    assert (found.majority.samples, found.majority.accuracy) == (2, 0.5)
    assert found.mean_recall == 0.5
    assert found.as_dict()["kl_divergence"] == found.kl_divergence


def test_votes_as_scores_are_perfectly_calibrated() -> None:
    some = votes({HAPPY: 7, NEUTRAL: 3}, {SAD: 6, NEUTRAL: 4})
    found = evaluate_by_votes(some.shares, some)
    assert found is not None
    assert found.kl_divergence == pytest.approx(0, abs=1e-4)
    assert found.calibration_error == pytest.approx(0, abs=1e-6)
    sure = evaluate_by_votes(np.eye(7, dtype=np.float32)[[HAPPY, SAD]], some)
    assert sure is not None
    assert sure.calibration_error == pytest.approx(0.35)


def test_no_majority_gives_no_result() -> None:
    assert evaluate_by_votes(np.full((2, 7), 1 / 7), Votes.none(2)) is None


def test_one_person_is_compared_with_majority_of_others() -> None:
    found = measure_one_person(votes({HAPPY: 10}, {SAD: 9, NEUTRAL: 1}, {HAPPY: 5, NEUTRAL: 5}))
    assert found is not None
    assert found.accuracy == pytest.approx(19 / 20)
    assert found.recall == {"happy": 1, "sad": pytest.approx(0.9)}
    assert found.mean_recall == pytest.approx(0.95)
    assert found.as_dict()["recall"]["happy"] == 1


def test_one_person_who_sees_no_face_is_wrong() -> None:
    found = measure_one_person(votes({HAPPY: 9, CHOICES.index("no face"): 1}))
    assert found is not None
    assert found.accuracy == pytest.approx(0.9)


def test_one_rater_is_compared_with_nobody() -> None:
    alone = voted(votes({HAPPY: 1}, {SAD: 1}))
    assert alone.votes is not None
    assert measure_one_person(alone.votes) is None
    assert set(people_facts(np.full((2, 7), 1 / 7, np.float32), alone)) == {"people"}


def test_chosen_classes_have_results_of_their_own() -> None:
    two = votes({HAPPY: 10}, {NEUTRAL: 6, SAD: 4}, {NEUTRAL: 2, SAD: 8}).on_classes(
        {"neutral": ("neutral",), "happy": ("happy",)}
    )
    found = evaluate_by_votes(np.array([[0.2, 0.8], [0.4, 0.6], [1, 0]], np.float32), two)
    person = measure_one_person(two)
    assert found is not None
    assert person is not None
    assert found.majority.classes == ("neutral", "happy")
    assert found.majority.confusion.tolist() == [[0, 1], [0, 1]]
    assert person.recall == {"neutral": pytest.approx(0.6), "happy": 1}


PHOTOS = dict(zip(EXPRESSIONS, (0.09, 0.02, 0.04, 0.26, 0.33, 0.14, 0.12), strict=True))
CARD = ModelCard("a", "a", prior=PHOTOS, training={"votes": {"prior": PHOTOS}})


def voted(some: Votes) -> Split:
    names = tuple(map(str, range(len(some))))
    return Split(np.zeros((len(some), 48, 48), np.uint8), np.zeros(len(some), np.int64), names, some)


def doubtful() -> tuple[FloatArray, Split]:
    """Measure a neutral face and a sad one that a network calls neutral, as most photographs are."""
    scores = np.zeros((2, 7), np.float32)
    scores[:, NEUTRAL], scores[:, SAD] = (0.9, 0.55), (0.1, 0.45)
    return scores, voted(votes({NEUTRAL: 10}, {SAD: 10}))


def test_results_are_given_for_each_prior() -> None:
    scores, split = doubtful()
    found = people_by_prior(scores, split, CARD)
    assert tuple(found) == PRIORS == ("photos", "photos^0.75", "photos^0.5", "photos^0.25", "balanced")
    assert [each.majority.accuracy for each in found.values()] == [0.5, 1, 1, 1, 1]
    facts = people_facts(scores, split, CARD)
    assert facts["people_by_prior"]["photos"] == {"accuracy": 0.5, "mean_recall": 0.5}
    assert facts["people"]["accuracy"] == 0.5


def test_file_for_other_prior_gives_identical_results() -> None:
    scores, split = doubtful()
    half = read_prior("photos^0.5", PHOTOS)
    theirs = reweigh(scores, prior_factors(EXPRESSIONS, PHOTOS, half))
    found = people_by_prior(theirs, split, ModelCard("a", "a", prior=half, training=CARD.training))
    assert [each.majority.accuracy for each in found.values()] == [0.5, 1, 1, 1, 1]


def test_card_without_prior_has_one_result() -> None:
    scores, split = doubtful()
    assert people_by_prior(scores, split, ModelCard("a", "a")) == {}
    assert people_by_prior(scores, voted(Votes.none(2)), CARD) == {}
    assert set(people_facts(scores, split, ModelCard("a", "a"))) == {"people", "one_person"}


def test_reliability_compares_top_scores_with_shares_of_votes() -> None:
    unknown, no_face = CHOICES.index("unknown"), CHOICES.index("no face")
    some = votes({HAPPY: 7, NEUTRAL: 3}, {SAD: 4, NEUTRAL: 4, unknown: 2}, {no_face: 9})
    scores = np.full((3, 7), 0.1 / 6)
    scores[np.arange(3), [HAPPY, SAD, SAD]] = 0.9
    (found,) = reliability_by_votes(scores, some)
    assert (found.confidence, found.outcome, found.images) == pytest.approx((0.9, 0.6, 2))


def test_copies_of_training_images_are_left_out_of_both_results() -> None:
    split = voted(votes({HAPPY: 10}, {SAD: 10}, {SAD: 10}))
    scores = np.eye(7, dtype=np.float32)[[HAPPY, SAD, NEUTRAL]]
    facts = facts_without_copies(scores, split, np.array([True, False, False]))["without_copies"]
    assert (facts["samples"], facts["accuracy"], facts["people"]["accuracy"]) == (2, 0, 0.5)
    unvoted = replace(split, votes=None)
    assert "people" not in facts_without_copies(scores, unvoted, np.array([True, False, False]))["without_copies"]
    for copied in (np.zeros(3, bool), np.ones(3, bool)):
        assert facts_without_copies(scores, split, copied) == {}
