"""Label errors found by comparison of networks' scores with the labels. No TensorFlow.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of Artificial
Intelligence Research 70 (2021).
"""

from __future__ import annotations

import numpy as np

from fer_edge.arrays import BoolArray, IntArray
from fer_edge.scores import FloatArray


def find_label_errors(scores: FloatArray, labels: IntArray) -> BoolArray:
    """Return which images are off the diagonal of the confident joint (equation 1), bool (N,).

    An image counts as an expression if its probability reaches the mean of the images with that label; of several, as
    the likeliest. It is off the diagonal if that expression is not its label.

    Args:
        scores: Probabilities, float32 (N, classes).
        labels: Labels, int64 (N,).
    """
    own = scores[np.arange(len(labels)), labels]
    classes = scores.shape[1]
    counts = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, weights=own, minlength=classes)
    thresholds = np.divide(sums, counts, out=np.full(classes, np.inf), where=counts > 0)
    confident = np.where(scores >= thresholds, scores, 0)
    off_diagonal: BoolArray = confident.any(axis=1) & (confident.argmax(axis=1) != labels)
    return off_diagonal


def normalized_margin(scores: FloatArray, labels: IntArray) -> FloatArray:
    """Return the label's probability less the highest of the others, float32 (N,), -1..1; the lowest is the worst.

    Args:
        scores: Probabilities, float32 (N, C).
        labels: Labels, int64 (N,), below C.
    """
    rows = np.arange(len(labels))
    others = scores.copy()
    others[rows, labels] = -np.inf
    margin: FloatArray = scores[rows, labels] - others.max(axis=1)
    return margin
