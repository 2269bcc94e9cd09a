from __future__ import annotations

import math

import numpy as np
import pytest

from fer_edge.evaluation.metrics import (
    AnyFloatArray,
    accuracy_interval,
    agreement,
    calibration_gap,
    confusion_matrix,
    evaluate_scores,
    expected_calibration_error,
    mean_kl_divergence,
    reliability_bins,
)
from fer_edge.labels import EXPRESSIONS


def scores_of(*rows: tuple[int, float]) -> AnyFloatArray:
    """Scores whose best class and confidence are given; the others share the rest."""
    scores = np.empty((len(rows), 7), np.float64)
    for row, (best, confidence) in zip(scores, rows, strict=True):
        row[:] = (1 - confidence) / 6
        row[best] = confidence
    return scores


@pytest.mark.parametrize(
    ("scores", "labels"),
    [
        (np.empty((0, 7)), np.empty(0, np.int64)),
        (np.empty((2, 6)), np.zeros(2, np.int64)),
        (np.empty((2, 7)), np.zeros(3, np.int64)),
        (np.empty(7), np.zeros(1, np.int64)),
    ],
)
def test_scores_of_another_shape_are_rejected(scores: AnyFloatArray, labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected scores"):
        evaluate_scores(scores, labels)


def test_evaluation_by_hand() -> None:
    labels = np.array([0, 0, 1, 3])
    evaluation = evaluate_scores(scores_of((0, 0.9), (1, 0.6), (1, 0.7), (3, 0.8)), labels)
    assert evaluation.samples == 4
    assert evaluation.accuracy == 0.75
    assert evaluation.precision.tolist() == [1, 0.5, 0, 1, 0, 0, 0]
    assert evaluation.recall.tolist() == [0.5, 1, 0, 1, 0, 0, 0]
    assert evaluation.f1 == pytest.approx([2 / 3, 2 / 3, 0, 1, 0, 0, 0])
    # The four classes without images do not count.
    assert evaluation.macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert evaluation.mean_recall == pytest.approx((0.5 + 1 + 1) / 3)
    assert evaluation.mean_precision == pytest.approx((1 + 0.5 + 1) / 3)
    assert evaluation.support.tolist() == [2, 1, 0, 1, 0, 0, 0]
    assert evaluation.log_loss == pytest.approx(-np.log([0.9, 0.4 / 6, 0.7, 0.8]).mean())


def test_f1_is_the_harmonic_mean_of_precision_and_recall() -> None:
    rng = np.random.default_rng(5)
    scores, labels = rng.dirichlet(np.ones(7), 500), rng.integers(0, 7, 500)
    evaluation = evaluate_scores(scores, labels)
    harmonic = 2 / (1 / evaluation.precision + 1 / evaluation.recall)
    assert evaluation.f1 == pytest.approx(harmonic)
    assert evaluation.macro_f1 == pytest.approx(harmonic.mean())


def test_confident_mistake_has_a_finite_log_loss() -> None:
    assert evaluate_scores(scores_of((0, 1.0)), np.array([1])).log_loss == pytest.approx(-math.log(1e-7))


def test_confusion_rows_are_true_and_columns_predicted() -> None:
    confusion = confusion_matrix(np.array([2, 2, 6]), np.array([0, 0, 5]))
    expected = np.zeros((7, 7), np.int64)
    expected[0, 2], expected[5, 6] = 2, 1
    assert confusion.tolist() == expected.tolist()


def test_evaluation_as_json_names_the_classes() -> None:
    facts = evaluate_scores(scores_of((3, 0.9), (4, 0.5)), np.array([3, 3])).as_dict()
    assert list(facts["per_class"]) == list(EXPRESSIONS)
    assert facts["per_class"]["happy"] == {"precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3), "support": 2}
    assert facts["confusion_matrix"]["rows_true_columns_predicted"][3] == [0, 0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("rows", "labels", "expected"),
    [
        ([(0, 1.0)], [0], 0.0),
        ([(0, 1.0)], [1], 1.0),
        # One bin: confidence .8, three of five right.
        ([(0, 0.8)] * 5, [0, 0, 0, 1, 1], 0.2),
        # Two bins of half the images each: gaps .1 and .3.
        ([(0, 0.9)] * 5 + [(0, 0.5)] * 5, [0] * 5 + [0, 1, 1, 1, 1], 0.5 * 0.1 + 0.5 * 0.3),
        # Within a bin an over-confident image offsets an under-confident one: .96 right and .94 wrong.
        ([(0, 0.96), (0, 0.94)], [0, 1], 0.45),
    ],
)
def test_expected_calibration_error_by_hand(rows: list[tuple[int, float]], labels: list[int], expected: float) -> None:
    assert expected_calibration_error(scores_of(*rows), np.array(labels)) == pytest.approx(expected)


def test_expected_calibration_error_after_guo_2017() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.dirichlet(np.full(7, 0.3), 1000), rng.integers(0, 7, 1000)
    confidence, correct = scores.max(axis=1), scores.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    assert expected_calibration_error(scores, labels) == pytest.approx(expected)


@pytest.mark.parametrize(("others", "expected"), [([0, 1, 2, 3], 1.0), ([0, 1, 2, 4], 0.75), ([1, 2, 3, 4], 0.0)])
def test_agreement(others: list[int], expected: float) -> None:
    parent = scores_of(*((best, 0.6) for best in range(4)))
    assert agreement(scores_of(*((best, 0.9) for best in others)), parent) == expected


def test_kl_divergence_of_a_classifier_from_itself_is_zero() -> None:
    scores = np.random.default_rng(1).dirichlet(np.ones(7), 20).astype(np.float32)
    assert mean_kl_divergence(scores, scores) == 0


def test_kl_divergence_by_hand_is_of_the_parent_from_the_file() -> None:
    even, skewed = np.array([[0.5, 0.5, 0, 0, 0, 0, 0]]), np.array([[0.25, 0.75, 0, 0, 0, 0, 0]])
    assert mean_kl_divergence(skewed, even) == pytest.approx(
        0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75), abs=1e-4
    )
    assert mean_kl_divergence(even, skewed) == pytest.approx(
        0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5), abs=1e-4
    )


def test_kl_divergence_of_a_score_that_is_zero_is_finite() -> None:
    never, sure = np.eye(7)[[0]], np.eye(7)[[1]]
    assert mean_kl_divergence(never, sure) == pytest.approx(math.log(1e6), rel=0.01)


def test_reliability_groups_by_confidence_and_leaves_out_empty_bins() -> None:
    confidence, outcome = np.array([0.0, 0.09, 0.55, 1.0]), np.array([0.0, 0.2, 0.5, 0.9])
    bins = reliability_bins(confidence, outcome, bins=10)
    assert [each.confidence for each in bins] == pytest.approx([0.045, 0.55, 1.0])
    assert [each.outcome for each in bins] == pytest.approx([0.1, 0.5, 0.9])
    assert [each.images for each in bins] == [2, 1, 1]
    assert calibration_gap(confidence, outcome, bins=10) == pytest.approx((2 * 0.055 + 0.05 + 0.1) / 4)


def test_accuracy_interval_is_near_a_bootstrap() -> None:
    hits, images = 650, 1000
    correct = np.arange(images) < hits
    rng = np.random.default_rng(1)
    drawn = [correct[rng.integers(0, images, images)].mean() for _ in range(2000)]
    assert accuracy_interval(hits, images) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.004)


@pytest.mark.parametrize(("hits", "interval"), [(0, (0.0, 0.07135)), (25, (0.36645, 0.63355)), (50, (0.92865, 1.0))])
def test_accuracy_interval_has_width_at_its_ends(hits: int, interval: tuple[float, float]) -> None:
    assert accuracy_interval(hits, 50) == pytest.approx(interval, abs=5e-5)
