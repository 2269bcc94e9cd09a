"""Scores of a model as probabilities of the expressions, in one order."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.labels import EXPRESSIONS

FloatArray = npt.NDArray[np.float32]
"""float32 of any shape."""

SUM_TOLERANCE = 0.05
"""Largest deviation of the sum from 1, and of a score below 0. Seven scores rounded to int8 deviate by 0.014."""


class ScoreKind(str, Enum):
    """Meaning of a model's scores: probabilities, or logits that need a softmax."""

    PROBABILITIES = "probabilities"
    LOGITS = "logits"


def are_probabilities(scores: FloatArray) -> bool:
    """Return true if all rows of (..., labels) are at least 0 and sum to 1, within `SUM_TOLERANCE`; NaN is neither."""
    sums = scores.sum(axis=-1)
    return bool((abs(sums - 1) <= SUM_TOLERANCE).all() and (scores >= -SUM_TOLERANCE).all())


def to_probabilities(scores: FloatArray, kind: ScoreKind, path: Path) -> FloatArray:
    """Return probabilities: the softmax of logits, or probabilities normalized to a sum of 1.

    Args:
        scores: Output of the model, (..., labels).
        kind: Stated kind of these scores.
        path: The model's file, for an error.

    Returns:
        float32 of the same shape, at least 0, with sums of 1.

    Raises:
        ModelError: If they are not of that kind, or not numbers.
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
            "logits, state so"
        )
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def require_kind(scores: FloatArray, kind: ScoreKind, path: Path) -> None:
    """Check scores of a few images, (N, labels), against the stated kind.

    Raises:
        ModelError: If they are not of that kind; a softmax of probabilities would pass for scores, and be wrong.
    """
    to_probabilities(scores, kind, path)
    if kind is ScoreKind.LOGITS and are_probabilities(scores):
        raise ModelError(f"{path}: its scores are probabilities, not logits; do not state that they are logits")


def require_classes(labels: tuple[str, ...], path: Path, classes: tuple[str, ...] = EXPRESSIONS) -> None:
    """Check that a model's labels are `classes`, in any order.

    Raises:
        ModelError: If they are not.
    """
    if sorted(labels) != sorted(classes):
        raise ModelError(
            f"{path}: expected scores of {', '.join(classes)}, in any order; its classes are {', '.join(labels)}"
        )


def in_class_order(scores: FloatArray, labels: tuple[str, ...], classes: tuple[str, ...] = EXPRESSIONS) -> FloatArray:
    """Return scores (N, classes) in the order of `classes`, from those in the order of `labels`, the same names."""
    if labels == classes:
        return scores
    return np.asarray(scores[:, [labels.index(name) for name in classes]])


def _first_bad(scores: FloatArray) -> str:
    rows = scores.reshape(-1, scores.shape[-1])
    row = next((each for each in rows if not are_probabilities(each)), rows[0])
    return f"{', '.join(f'{score:.2f}' for score in row)}, which sum to {row.sum():.2f}"
