from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.cards.meaning import NETWORKS_PROBABILITY, SHARE_OF_PEOPLE, score_meaning
from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import ModelError
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER
from fer_edge.scores import ScoreKind, in_class_order, to_probabilities

PATH = Path("m.tflite")
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        (np.empty((0, 2)), np.empty((0, 2))),
        ([0.25, 0.75], [0.25, 0.75]),
        ([0.76, 0.26], [0.76 / 1.02, 0.26 / 1.02]),
        ([1.01, -0.02], [1, 0]),
        ([[0.5, 0.5], [0, 0.98]], [[0.5, 0.5], [0, 1]]),
    ],
)
def test_probabilities_are_normalized(scores: list[float], expected: list[float]) -> None:
    found = to_probabilities(np.array(scores, np.float32), ScoreKind.PROBABILITIES, PATH)
    assert found == pytest.approx(np.array(expected), abs=1e-6)
    assert found.dtype == np.float32


@pytest.mark.parametrize(
    "scores", [[3.0, -1.0], [0.4, 0.4], [0.0, 0.0], [1.2, -0.2], [NAN, 1.0], [INF, 0.0], [[0.5, 0.5], [0.9, 0.9]]]
)
def test_other_scores_are_rejected_in_one_line(scores: list[float]) -> None:
    with pytest.raises(ModelError, match=r"m\.tflite: expected probabilities .* which sum to .*state so") as raised:
        to_probabilities(np.array(scores, np.float32), ScoreKind.PROBABILITIES, PATH)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("logits", [[0.0, 0.0], [-8.0, 3.0], [500.0, -500.0], [[0.0, 1.0], [2.0, 1.0]]])
def test_logits_get_their_softmax(logits: list[float]) -> None:
    values = np.array(logits, np.float64)
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    found = to_probabilities(np.array(logits, np.float32), ScoreKind.LOGITS, PATH)
    assert found == pytest.approx(powers / powers.sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("logits", [[NAN, 0.0], [INF, 0.0]])
def test_logits_that_are_not_finite_are_rejected(logits: list[float]) -> None:
    with pytest.raises(ModelError, match="expected logits"):
        to_probabilities(np.array(logits, np.float32), ScoreKind.LOGITS, PATH)


def test_scores_are_put_into_the_order_of_the_expressions() -> None:
    scores = np.arange(14, dtype=np.float32).reshape(2, 7)
    assert in_class_order(scores, EXPRESSIONS) is scores
    ordered = in_class_order(scores, FER2013_ORDER)
    assert ordered[0].tolist() == [0, 1, 2, 3, 6, 4, 5]


@pytest.mark.parametrize(
    ("training", "meaning"),
    [
        ({}, NETWORKS_PROBABILITY),
        ({"votes": None}, NETWORKS_PROBABILITY),
        ({"votes": "yes"}, NETWORKS_PROBABILITY),
        ({"votes": {"weight": 0.5}}, NETWORKS_PROBABILITY),
        ({"votes": {"weight": 1.0}}, SHARE_OF_PEOPLE),
    ],
)
def test_only_scores_learned_from_votes_alone_are_shares_of_people(training: dict[str, Any], meaning: str) -> None:
    assert score_meaning(ModelCard("tiny", "tiny", training=training)) == meaning
