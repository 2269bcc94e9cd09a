from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.evaluation.groups import GroupComparison, compare_groups, make_rate, mean_of_rates

CLASSES = ("smile", "none", "frown")


def draw(
    hit_rates: tuple[float, ...], images: int = 600, seed: int = 0
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Predicted classes, true classes and groups; each group is predicted right at its own rate."""
    random = np.random.default_rng(seed)
    truth, group_of = random.integers(0, 3, images), random.integers(0, len(hit_rates), images)
    right = random.random(images) < np.array(hit_rates)[group_of]
    return np.where(right, truth, (truth + 1) % 3), truth, group_of


def compare(predicted: object, truth: object, group_of: object, groups: tuple[str, ...]) -> GroupComparison:
    return compare_groups(
        np.asarray(predicted),
        np.asarray(truth),
        np.asarray(group_of),
        groups=groups,
        classes=CLASSES,
        judged_by="label",
    )


def test_results_of_groups_are_those_of_their_images() -> None:
    found = compare([0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 1, 2], [0, 0, 0, 1, 1, 1], ("a", "b"))
    assert found.groups["a"].accuracy.share == 1
    assert found.groups["b"].accuracy.share == pytest.approx(1 / 3)
    assert found.groups["b"].mean_recall.share == pytest.approx((0 + 0 + 1) / 3)
    assert found.groups["a"].recall["frown"].share is None
    assert (found.accuracy_gap.lowest, found.accuracy_gap.highest) == ("b", "a")
    assert set(found.recall_gaps) == {"smile", "none"}, "a class that one group has cannot be compared"


def test_true_gap_is_significant_and_chance_is_not() -> None:
    unfair = compare(*draw((0.9, 0.9, 0.7)), ("a", "b", "c"))
    assert unfair.accuracy_gap.p < 0.01
    assert unfair.accuracy_gap.lowest == "c"
    p = [compare(*draw((0.8, 0.8, 0.8), seed=seed), ("a", "b", "c")).accuracy_gap.p for seed in range(20)]
    assert sum(each < 0.05 for each in p) <= 4
    assert 0.3 < float(np.mean(p)) < 0.7


def test_group_with_harder_expressions_makes_no_gap_significant() -> None:
    random = np.random.default_rng(1)
    group_of = random.integers(0, 2, 2000)
    truth = np.where(random.random(2000) < np.where(group_of == 0, 0.9, 0.1), 0, 2)
    right = random.random(2000) < np.where(truth == 0, 0.95, 0.5)
    found = compare(np.where(right, truth, 1), truth, group_of, ("smiling", "frowning"))
    assert found.accuracy_gap.gap > 0.2
    assert found.accuracy_gap.p > 0.05
    assert found.mean_recall_gap.gap < 0.1


def test_same_images_give_the_same_p_values() -> None:
    first, second = (compare(*draw((0.8, 0.75)), ("a", "b")) for _ in range(2))
    assert first == second


def test_p_values_of_classes_are_adjusted_by_holm() -> None:
    gaps = compare(*draw((0.9, 0.8)), ("a", "b")).recall_gaps
    ordered = sorted(gaps.values(), key=lambda gap: gap.p)
    assert ordered[0].p_adjusted == pytest.approx(min(1, 3 * ordered[0].p))
    adjusted = [gap.p_adjusted or 0 for gap in ordered]
    assert adjusted == sorted(adjusted)


def test_interval_of_mean_recall_covers_it_and_narrows_with_images() -> None:
    widths = []
    for images in (10, 1000):
        rate = mean_of_rates([make_rate(images // 2, images), make_rate(images, images)])
        assert rate.share == 0.75
        assert rate.interval is not None
        assert rate.interval[0] < 0.75 < rate.interval[1] <= 1
        widths.append(rate.interval[1] - rate.interval[0])
    assert widths[1] < widths[0] / 5
    assert mean_of_rates([make_rate(0, 0)]).share is None
