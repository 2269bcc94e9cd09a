"""A model's scores as probabilities of the expressions, in one order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.labels import EXPRESSIONS
from fer_edge.model_card import ModelCard, ScoreKind

FloatArray = npt.NDArray[np.float32]
"""float32 of any shape."""

SUM_TOLERANCE = 0.05
"""Largest deviation of the sum from 1, and of a score below 0. Seven scores rounded to int8 deviate by 0.014."""

SHARE_OF_PEOPLE = "A score estimates the share of people who would name that expression for such a face."
NETWORKS_PROBABILITY = "A score is the network's probability for that expression."


def score_meaning(card: ModelCard) -> str:
    """Return a sentence that says what a model's score means, which depends on what it learned.

    Only scores of a network that learned nothing but people's votes are shares of people.
    """
    votes = card.training.get("votes")
    weight = votes.get("weight") if isinstance(votes, dict) else None
    return SHARE_OF_PEOPLE if weight == 1 else NETWORKS_PROBABILITY


def are_probabilities(scores: FloatArray) -> bool:
    """Return whether all rows of (..., labels) are at least 0 and sum to 1, within `SUM_TOLERANCE`; NaN never is."""
    sums = scores.sum(axis=-1)
    return bool((abs(sums - 1) <= SUM_TOLERANCE).all() and (scores >= -SUM_TOLERANCE).all())


def to_probabilities(scores: FloatArray, kind: ScoreKind, path: Path) -> npt.NDArray[np.float32]:
    """Return probabilities: the softmax of logits; of probabilities, themselves with rounding taken out.

    Args:
        scores: As the model gave them, (..., labels).
        kind: What they are.
        path: The model's file, for an error.

    Returns:
        float32 of the same shape, at least 0, with sums of 1.

    Raises:
        ModelError: If they are neither, or not numbers.
    """
    if scores.ndim == 1 and kind is ScoreKind.PROBABILITIES:
        # One face at a time is what a device scores, and numpy's calls for many cost three times as much.
        total = np.add.reduce(scores)
        if np.minimum.reduce(scores) >= 0 and abs(total - 1) <= SUM_TOLERANCE:
            return np.asarray(scores / total, np.float32)
    if kind is ScoreKind.LOGITS:
        if not np.isfinite(scores).all():
            raise ModelError(f"{path}: expected logits, got {_first_bad(scores)}; the model or its input is damaged")
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    elif are_probabilities(scores):
        powers = np.maximum(scores, 0)
    else:
        raise ModelError(
            f"{path}: expected probabilities (0 or more, with a sum of 1), got {_first_bad(scores)}; if they are "
            "logits, say --logits (of a peer, --peer-logits)"
        )
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def require_kind(scores: FloatArray, kind: ScoreKind, path: Path) -> None:
    """Check a few images' scores, (N, labels), against what was stated about a model.

    Raises:
        ModelError: If they are not of that kind; a softmax of probabilities would pass for scores, and be wrong.
    """
    to_probabilities(scores, kind, path)
    if kind is ScoreKind.LOGITS and are_probabilities(scores):
        raise ModelError(
            f"{path}: its scores are probabilities, not logits; leave out --logits (of a peer, --peer-logits)"
        )


def require_expressions(labels: tuple[str, ...], path: Path) -> None:
    """Check that a model's labels are `EXPRESSIONS`, in any order.

    Raises:
        ModelError: If they are not.
    """
    if sorted(labels) != sorted(EXPRESSIONS):
        raise ModelError(
            f"{path}: expected scores of {', '.join(EXPRESSIONS)}, in any order; its classes are {', '.join(labels)}"
        )


def in_expression_order(scores: npt.NDArray[np.float32], labels: tuple[str, ...]) -> npt.NDArray[np.float32]:
    """Return scores (N, 7) in the order of `EXPRESSIONS`, from those in the order of `labels`, the same seven."""
    if labels == EXPRESSIONS:
        return scores
    return np.asarray(scores[:, [labels.index(expression) for expression in EXPRESSIONS]])


def _first_bad(scores: FloatArray) -> str:
    rows = scores.reshape(-1, scores.shape[-1])
    row = next((each for each in rows if not are_probabilities(each)), rows[0])
    return f"{', '.join(f'{score:.2f}' for score in row)}, which sum to {row.sum():.2f}"
