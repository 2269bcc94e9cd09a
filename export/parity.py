"""Parity of an exported file, run as the device runs it, with the Keras model that it came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.evaluation.metrics import Evaluation, agreement, evaluate_scores, mean_kl_divergence
from fer_edge.labels import EXPRESSIONS
from fer_edge.precision import Precision
from fer_edge.scores import FloatArray

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tolerance:
    """Largest deviation of an exported file from its parent.

    Attributes:
        agreement: Least share of images with the same best class, 0..1; two others are always allowed.
        kl_divergence: Largest mean divergence of its scores from the parent's, nats.
        accuracy_drop: Largest loss of accuracy, 0..1; two images are always allowed.
        recall_drop: Largest loss of recall of one expression, 0..1; two images are always allowed.
    """

    agreement: float
    kl_divergence: float
    accuracy_drop: float
    recall_drop: float


def tolerance_for(precision: Precision) -> Tolerance:
    """Return the tolerance of a precision.

    Float files compute the same sums in another order, so almost nothing may change. The integer ones have room
    for rounding: on this network, int8 agreed on 98.2 % of FER2013's validation faces or more.
    """
    return {
        Precision.FP32: Tolerance(agreement=0.999, kl_divergence=1e-4, accuracy_drop=0.001, recall_drop=0.005),
        Precision.FP16: Tolerance(agreement=0.995, kl_divergence=1e-3, accuracy_drop=0.002, recall_drop=0.01),
        Precision.DYNAMIC: Tolerance(agreement=0.98, kl_divergence=0.01, accuracy_drop=0.005, recall_drop=0.03),
        Precision.INT16X8: Tolerance(agreement=0.97, kl_divergence=0.02, accuracy_drop=0.005, recall_drop=0.05),
        Precision.INT8: Tolerance(agreement=0.97, kl_divergence=0.02, accuracy_drop=0.005, recall_drop=0.05),
    }[precision]


@dataclass(frozen=True)
class Parity:
    """Deviation of an exported file from its parent, on one set of labelled images.

    Attributes:
        samples: Number of images.
        agreement: Share of images with the same best class, 0..1.
        kl_divergence: Mean of KL(parent || file), nats.
        accuracy_drop: The parent's accuracy less the file's.
        worst_recall_drop: Largest loss of recall of one expression.
        worst_recall_class: The expression that loses it.
        worst_support: Number of its images.
    """

    samples: int
    agreement: float
    kl_divergence: float
    accuracy_drop: float
    worst_recall_drop: float
    worst_recall_class: str
    worst_support: int

    def as_dict(self) -> dict[str, Any]:
        """Return the values for the model card."""
        return asdict(self)


def compare(
    scores: FloatArray, parent_scores: FloatArray, labels: Labels, classes: tuple[str, ...] = EXPRESSIONS
) -> tuple[Parity, Evaluation]:
    """Compare a file's scores (N, classes) with its parent's (N, classes) and the labels (N,)."""
    evaluation, parent = (evaluate_scores(each, labels, classes) for each in (scores, parent_scores))
    drops = np.where(parent.support > 0, parent.recall - evaluation.recall, -np.inf)
    worst = int(drops.argmax())
    parity = Parity(
        samples=len(labels),
        agreement=agreement(scores, parent_scores),
        kl_divergence=mean_kl_divergence(scores, parent_scores),
        accuracy_drop=parent.accuracy - evaluation.accuracy,
        worst_recall_drop=float(drops[worst]),
        worst_recall_class=classes[worst],
        worst_support=int(parent.support[worst]),
    )
    return parity, evaluation


def violations(parity: Parity, tolerance: Tolerance) -> list[str]:
    """Return a text for each value of `parity` that is outside `tolerance`, with the value allowed."""
    allowed_recall_drop = max(tolerance.recall_drop, 2 / parity.worst_support)
    allowed_accuracy_drop = max(tolerance.accuracy_drop, 2 / parity.samples)
    least_agreement = min(tolerance.agreement, (parity.samples - 2) / parity.samples)
    checks = (
        (
            parity.agreement < least_agreement,
            f"agreement {parity.agreement:.2%}, below {least_agreement:.1%}",
        ),
        (
            parity.kl_divergence > tolerance.kl_divergence,
            f"KL divergence {parity.kl_divergence:.4f} nats, above {tolerance.kl_divergence:g}",
        ),
        (
            parity.accuracy_drop > allowed_accuracy_drop,
            f"accuracy down by {100 * parity.accuracy_drop:.2f} points, more than {100 * allowed_accuracy_drop:.2f}",
        ),
        (
            parity.worst_recall_drop > allowed_recall_drop,
            f"recall of {parity.worst_recall_class} down by {100 * parity.worst_recall_drop:.1f} points, "
            f"more than {100 * allowed_recall_drop:.1f}",
        ),
    )
    return [text for violated, text in checks if violated]


def predicts_one_class(scores: FloatArray, classes: tuple[str, ...] = EXPRESSIONS) -> str | None:
    """Return the class that has the highest of the scores (N, classes) in every row; `None` if rows differ."""
    predicted = np.unique(scores.argmax(axis=1))
    return classes[predicted[0]] if len(predicted) == 1 else None
