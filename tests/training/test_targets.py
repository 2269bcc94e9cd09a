from __future__ import annotations

import numpy as np
import pytest

from fer_edge.dataset.data import Split
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.targets import image_weights, learning_targets, one_hot, with_expression, with_truth

HAPPY, NEUTRAL, SAD = (EXPRESSIONS.index(name) for name in ("happy", "neutral", "sad"))


@pytest.fixture
def split() -> Split:
    """Return five images labelled sad: votes of six for neutral, all happy, no face, five against five, none."""
    counts = np.zeros((5, len(CHOICES)), np.uint16)
    counts[0, [NEUTRAL, SAD]] = 6, 2
    counts[1, HAPPY] = 10
    counts[2, [CHOICES.index("no face"), SAD]] = 7, 3
    counts[3, [HAPPY, NEUTRAL]] = 5, 5
    return Split(np.zeros((5, 48, 48), np.uint8), np.full(5, SAD), tuple("abcde"), Votes(counts))


def test_one_hot() -> None:
    assert one_hot(np.empty(0, np.int64)).shape == (0, 7)
    assert one_hot(np.array([0, 6])).tolist() == [[1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("weight", "first", "second"),
    [(0, (0, 0, 1), (0, 0, 1)), (0.5, (0, 0.375, 0.625), (0.5, 0, 0.5)), (1, (0, 0.75, 0.25), (1, 0, 0))],
)
def test_target_mixes_votes_and_label(
    split: Split, weight: float, first: tuple[float, ...], second: tuple[float, ...]
) -> None:
    targets = learning_targets(split, weight)
    assert targets[0, [HAPPY, NEUTRAL, SAD]].tolist() == list(first)
    assert targets[1, [HAPPY, NEUTRAL, SAD]].tolist() == list(second)
    assert targets[4, SAD] == 1, "an image without votes keeps its label"
    assert targets.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize(("weight", "kept"), [(0, "abcde"), (0.5, "abde"), (1, "abde")])
def test_images_without_an_expression_are_left_out_where_votes_count(split: Split, weight: float, kept: str) -> None:
    assert "".join(with_expression(split, weight).names) == kept


@pytest.mark.parametrize(("weight", "kept"), [(0, "abcde"), (1, "ab")])
def test_validation_uses_majorities_where_votes_count(split: Split, weight: float, kept: str) -> None:
    assert "".join(with_truth(split, weight).names) == kept


def test_split_without_majority_is_validated_whole(split: Split) -> None:
    assert len(with_truth(split.take(np.array([3, 4])), 1.0)) == 2


@pytest.mark.parametrize(("power", "ratio"), [(0, 1), (0.5, 2**0.5), (1, 2)])
def test_weights_follow_frequencies_in_targets(power: float, ratio: float) -> None:
    targets = np.zeros((3, 7), np.float32)
    targets[0, HAPPY] = targets[1, HAPPY] = targets[2, SAD] = 1
    weights = image_weights(targets, power)
    assert weights[2] / weights[0] == pytest.approx(ratio)
    assert weights.mean() == pytest.approx(1)
