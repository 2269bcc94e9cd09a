"""Targets of training: labels, people's votes, or a mixture of both. No TensorFlow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Split
from fer_edge.dataset.votes import NO_TRUTH
from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.scores import FloatArray


def one_hot(labels: npt.NDArray[np.int64], classes: int = NUM_EXPRESSIONS) -> FloatArray:
    """Return labels, int64 (N,), as one-hot vectors, float32 (N, classes)."""
    return np.eye(classes, dtype=np.float32)[labels]


def learning_targets(split: Split, votes_weight: float) -> FloatArray:
    """Return the target of each image, float32 (N, classes) with a sum of 1.

    Args:
        split: Images with labels, and perhaps votes.
        votes_weight: Share of the votes in the target of an image that has any, 0..1; the label has the rest.
    """
    targets = one_hot(split.labels, len(split.classes))
    if split.votes is None or not votes_weight:
        return targets
    voted = split.votes.has_shares
    targets[voted] = (1 - votes_weight) * targets[voted] + votes_weight * split.votes.shares[voted]
    return targets


def with_expression(split: Split, votes_weight: float) -> Split:
    """Leave out the images in which more people see no face, or another answer than the classes, than any class.

    Without votes, or with a weight of 0, all images stay.
    """
    if split.votes is None or not votes_weight:
        return split
    return split.take(np.flatnonzero(~split.votes.other_than_classes))


def with_truth(split: Split, votes_weight: float) -> Split:
    """Return the images to validate on: where votes count, those on which a majority agrees."""
    if split.votes is None or not votes_weight:
        return split
    agreed = np.flatnonzero(split.votes.majority != NO_TRUTH)
    return split.take(agreed) if len(agreed) else split


def image_weights(targets: FloatArray, power: float) -> FloatArray:
    """Return the weight of each image, float32 (N,) with a mean of 1.

    The weight of an expression is its inverse frequency to `power`, where its frequency is its share of all targets.

    Args:
        targets: Targets as `learning_targets` returns them, float32 (N, classes).
        power: Exponent: 0 for equal weights, 1 for full balance.
    """
    frequency = targets.sum(axis=0, dtype=np.float64)
    by_expression = np.where(frequency > 0, np.maximum(frequency, 1e-9) ** -power, 0)
    weights = targets @ by_expression
    return np.asarray(weights / weights.mean(), np.float32)
