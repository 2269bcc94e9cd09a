from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")
pytest.importorskip("scipy", reason="the last layer is fitted by SciPy")

from scipy.special import softmax

from benchmarks.training.last_layer import fit, variants
from fer_edge.dataset.data import Split
from fer_edge.dataset.votes import Votes
from fer_edge.labels import EXPRESSIONS

HAPPY, NEUTRAL, SAD = (EXPRESSIONS.index(name) for name in ("happy", "neutral", "sad"))


def test_fit_finds_the_weighted_shares_of_each_kind_of_image() -> None:
    features = np.eye(3)[[0, 0, 1, 1, 2]]
    targets = np.array([[1, 0], [0, 1], [0.8, 0.2], [0.6, 0.4], [0, 1]])
    weights = np.array([3, 1, 1, 1, 0.0])
    shares = softmax(features @ fit(features, targets, weights), axis=1)
    assert shares[0] == pytest.approx([0.75, 0.25], abs=1e-3)
    assert shares[2] == pytest.approx([0.7, 0.3], abs=1e-3)
    assert shares[4] == pytest.approx([0.5, 0.5], abs=1e-3), "an image without weight says nothing"


def test_variants_differ_from_what_is_trained_as_their_names_say() -> None:
    counts = np.zeros((3, 10), np.uint16)
    counts[0, [NEUTRAL, SAD]] = 9, 1
    counts[1, HAPPY] = 10
    counts[2, [HAPPY, 9]] = 2, 8  # most see no face
    split = Split(np.zeros((3, 48, 48), np.uint8), np.full(3, SAD), tuple("abc"), Votes(counts))
    found = {each.name: each for each in variants(split, Votes(counts))}
    trained = found.pop("as trained: shares of the votes")
    assert trained.targets[0, [NEUTRAL, SAD]] == pytest.approx([0.9, 0.1])
    assert trained.weights.tolist() == [1, 1, 0]
    by_label = found["with no-face images at 0.3 of the weight, by label"]
    assert by_label.targets[2, SAD] == 1
    assert by_label.weights.tolist() == [1, 1, 0.3]
    assert found["with no-face images at 1 of the weight, by what votes remain"].targets[2, HAPPY] == 1
    assert found["single votes dropped"].targets[0, NEUTRAL] == 1
    assert found["shares to the power 2"].targets[0, SAD] == pytest.approx(0.01 / 0.82)
    assert found["majority alone"].targets[0, NEUTRAL] == 1
    balanced = found["class balance: full"].weights
    assert balanced[2] == 0
    assert balanced[0] != balanced[1]
    assert all(each.targets.sum(axis=1) == pytest.approx(1) for each in found.values())
