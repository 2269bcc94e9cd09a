"""Metrics of a classifier's scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.labels import EXPRESSIONS

AnyFloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.integer[Any]]

CALIBRATION_BINS = 15
"""Number of bins, as in Guo et al., On Calibration of Modern Neural Networks, 2017."""

NORMAL_95 = 1.959964
"""97.5 % quantile of the standard normal distribution."""


@dataclass(frozen=True)
class Evaluation:
    """A classifier's results on labelled images.

    Attributes:
        samples: Number of images.
        accuracy: Top-1 accuracy, 0..1.
        macro_f1: Mean F1 of the classes that have images, 0..1.
        calibration_error: Expected calibration error over 15 equal-width bins, 0..1.
        log_loss: Mean negative log-likelihood of the true class, nats.
        precision: (classes,) 0..1; 0 for a class that is never predicted.
        recall: (classes,) 0..1; 0 for a class with no image.
        f1: (classes,) 0..1.
        support: (classes,) images of each class.
        confusion: int (classes, classes), rows true, columns predicted.
        classes: Names of the classes.
    """

    samples: int
    accuracy: float
    macro_f1: float
    calibration_error: float
    log_loss: float
    precision: AnyFloatArray
    recall: AnyFloatArray
    f1: AnyFloatArray
    support: IntArray
    confusion: IntArray
    classes: tuple[str, ...] = EXPRESSIONS

    @property
    def mean_precision(self) -> float:
        """Mean precision of the classes that have images, 0..1."""
        return float(self.precision[self.support > 0].mean())

    @property
    def mean_recall(self) -> float:
        """Mean recall of the classes that have images, 0..1."""
        return float(self.recall[self.support > 0].mean())

    def as_dict(self) -> dict[str, Any]:
        """Return the results as JSON, the classes by name."""
        per_class = {
            name: {
                "precision": float(self.precision[i]),
                "recall": float(self.recall[i]),
                "f1": float(self.f1[i]),
                "support": int(self.support[i]),
            }
            for i, name in enumerate(self.classes)
        }
        return {
            "samples": self.samples,
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "expected_calibration_error": self.calibration_error,
            "log_loss": self.log_loss,
            "per_class": per_class,
            "confusion_matrix": {"labels": list(self.classes), "rows_true_columns_predicted": self.confusion.tolist()},
        }


@dataclass(frozen=True)
class ReliabilityBin:
    """Predictions of nearly the same confidence.

    Attributes:
        confidence: Mean confidence, 0..1.
        outcome: Mean outcome, 0..1.
        images: Number of predictions.
    """

    confidence: float
    outcome: float
    images: int


def evaluate_scores(scores: AnyFloatArray, labels: IntArray, classes: tuple[str, ...] = EXPRESSIONS) -> Evaluation:
    """Evaluate scores (N, classes), each row a probability distribution, against labels (N,), indices into `classes`.

    Raises:
        ValueError: If the shapes do not fit, or there is nothing to measure.
    """
    count = len(classes)
    if scores.ndim != 2 or scores.shape != (len(labels), count) or len(labels) == 0:
        raise ValueError(f"expected scores (N, {count}) for N > 0 labels, got {scores.shape}, {labels.shape}")
    confusion = confusion_matrix(scores.argmax(axis=1), labels, count)
    hits = np.diag(confusion).astype(np.float64)
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    f1 = _ratio(2 * hits, predicted + support)
    return Evaluation(
        samples=len(labels),
        accuracy=float(hits.sum() / len(labels)),
        macro_f1=float(f1[support > 0].mean()),
        calibration_error=expected_calibration_error(scores, labels),
        log_loss=float(-np.log(np.maximum(scores[np.arange(len(labels)), labels], 1e-7)).mean()),
        precision=_ratio(hits, predicted),
        recall=_ratio(hits, support),
        f1=f1,
        support=support,
        confusion=confusion,
        classes=classes,
    )


def confusion_matrix(predictions: IntArray, labels: IntArray, count: int = len(EXPRESSIONS)) -> IntArray:
    """Count int64 (count, count) for `count` classes: rows are true classes, columns predicted ones."""
    pairs = np.asarray(labels) * count + np.asarray(predictions)
    return np.bincount(pairs, minlength=count**2).reshape(count, count)


def expected_calibration_error(scores: AnyFloatArray, labels: IntArray) -> float:
    """Return the mean distance of the top score from its accuracy, over equal-width bins, weighted by size, 0..1."""
    return calibration_gap(scores.max(axis=1), scores.argmax(axis=1) == labels)


def calibration_gap(confidence: AnyFloatArray, outcome: npt.NDArray[Any], bins: int = CALIBRATION_BINS) -> float:
    """Return the mean distance of confidence from outcome, over equal-width bins, weighted by size, 0..1.

    Args:
        confidence: (N,), 0..1.
        outcome: (N,), 0..1: 1 where the prediction is right, or the share of it that is.
        bins: Number of bins.
    """
    groups = reliability_bins(confidence, outcome, bins)
    return sum(group.images * abs(group.confidence - group.outcome) for group in groups) / len(confidence)


def reliability_bins(
    confidence: AnyFloatArray, outcome: npt.NDArray[Any], bins: int = CALIBRATION_BINS
) -> tuple[ReliabilityBin, ...]:
    """Group predictions by equal-width bins of their confidence, the lowest first; empty bins are left out.

    Args:
        confidence: (N,), 0..1.
        outcome: (N,), 0..1.
        bins: Number of bins.
    """
    which = np.clip((confidence * bins).astype(np.int64), 0, bins - 1)
    images = np.bincount(which, minlength=bins)
    sums = [np.bincount(which, weights=values, minlength=bins) for values in (confidence, outcome)]
    return tuple(
        ReliabilityBin(float(sums[0][i] / images[i]), float(sums[1][i] / images[i]), int(images[i]))
        for i in np.flatnonzero(images)
    )


def accuracy_interval(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % interval of an accuracy, 0..1, by Wilson's score (Wilson, 1927)."""
    share, spread = hits / total, NORMAL_95**2 / total
    centre = (share + spread / 2) / (1 + spread)
    half = (spread * (share * (1 - share) + spread / 4)) ** 0.5 / (1 + spread)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def agreement(scores: AnyFloatArray, parent_scores: AnyFloatArray) -> float:
    """Return the share of rows in which two classifiers' best classes are the same, 0..1."""
    return float((scores.argmax(axis=1) == parent_scores.argmax(axis=1)).mean())


def mean_kl_divergence(scores: AnyFloatArray, parent_scores: AnyFloatArray) -> float:
    """Return the mean over rows of KL(parent || scores) in nats; probabilities below 1e-6 count as 1e-6."""
    p, q = (np.maximum(values.astype(np.float64), 1e-6) for values in (parent_scores, scores))
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    return float((p * np.log(p / q)).sum(axis=1).mean())


def _ratio(numerator: AnyFloatArray, denominator: IntArray) -> AnyFloatArray:
    return np.divide(numerator, denominator, out=np.zeros(len(numerator)), where=denominator > 0)
