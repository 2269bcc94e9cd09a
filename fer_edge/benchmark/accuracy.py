"""Quality of a file's scores as report.json stores it: by labels, by people's votes, and without copies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from fer_edge.evaluation.groups import GroupComparison
from fer_edge.evaluation.stress import StressResult

Interval = tuple[float, float]
"""Ends of a 95 % interval, 0..1."""


class EvaluationFigures(ABC):
    """Figures of an evaluation that is stored as `fer_edge.evaluation.metrics.Evaluation.as_dict` gives it."""

    @property
    @abstractmethod
    def stored(self) -> dict[str, Any]:
        """Evaluation as stored."""

    @property
    def images(self) -> int:
        """Number of images."""
        return int(self.stored["samples"])

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy, 0..1."""
        return float(self.stored["accuracy"])

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that have images, 0..1."""
        return float(self.stored["macro_f1"])

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over 15 bins, 0..1."""
        return float(self.stored["expected_calibration_error"])

    @property
    def confusion(self) -> list[list[int]]:
        """Images by true class (rows) and predicted class (columns)."""
        rows: list[list[int]] = self.stored["confusion_matrix"]["rows_true_columns_predicted"]
        return rows

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the scores."""
        return tuple(self.stored["confusion_matrix"]["labels"])

    @property
    def support(self) -> tuple[int, ...]:
        """Number of images of each class."""
        return tuple(int(self.stored["per_class"][name]["support"]) for name in self.classes)

    def per_class(self, measure: str) -> tuple[float, ...]:
        """Return precision, recall or f1 of each class, 0..1."""
        return tuple(float(self.stored["per_class"][name][measure]) for name in self.classes)

    def known_per_class(self, measure: str) -> tuple[float | None, ...]:
        """Return precision, recall or f1 of each class, 0..1; `None` for a class without images."""
        pairs = zip(self.per_class(measure), self.support, strict=True)
        return tuple(value if images else None for value, images in pairs)


@dataclass(frozen=True)
class People(EvaluationFigures):
    """Agreement of the scores with people's votes; the majority's answer stands for the label.

    Attributes:
        answer: As `fer_edge.dataset.peoples_answer.PeoplesAnswer.as_dict` gives it.
        interval: 95 % Wilson interval of the accuracy on the majority's answers: its ends, 0..1.
        reliability: For each bin of the winning score, the lowest first: its mean score, the mean share of votes for
            that expression (both 0..1), and its number of images.
        by_prior: Accuracy and mean recall, 0..1, with the scores re-weighted for other priors, by the prior's name;
            empty where the model's card says no prior.
    """

    answer: dict[str, Any]
    interval: Interval
    reliability: tuple[tuple[float, float, int], ...]
    by_prior: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def stored(self) -> dict[str, Any]:
        """Results on the images whose majority agrees on an expression."""
        return self.answer

    @property
    def mean_recall(self) -> float:
        """Mean recall of the classes that have images, 0..1."""
        return float(self.answer["mean_recall"])

    @property
    def kl_divergence(self) -> float:
        """Mean of KL(votes || scores), nats."""
        return float(self.answer["kl_divergence"])

    @property
    def calibration_error(self) -> float:
        """Mean distance of the winning score from the share of votes for its expression, 0..1."""
        return float(self.answer["calibration_error_by_votes"])


@dataclass(frozen=True)
class WithoutCopies:
    """Results on the images that have no exact copy in the training split.

    Attributes:
        evaluation: By the data set's labels, as `Quality.evaluation`.
        people: By people's votes, as `People.answer`; `None` without votes.
    """

    evaluation: dict[str, Any]
    people: dict[str, Any] | None


@dataclass(frozen=True)
class Quality(EvaluationFigures):
    """Quality of the scores on the labelled images.

    Attributes:
        evaluation: As `fer_edge.evaluation.metrics.Evaluation.as_dict` gives it.
        interval: 95 % Wilson interval of the accuracy: its ends, 0..1.
        agreement: Share of images with the best class of the full model that it was exported from, 0..1; `None` where
            that was not measured.
        predicted: Each image's best class, a character each, as `as_digits` writes it; so two runs can be compared
            image by image.
        people: Agreement with people's votes on the same images; `None` without votes.
        without_copies: Results without the images that have an exact copy in the training split; `None` where no image
            has one, or that is not known.
        groups: Comparison of groups of images, as `fer_edge.evaluation.groups.GroupComparison` describes it; `None`
            without groups.
        stress: Accuracy on faces made harder to read, as `fer_edge.evaluation.stress.StressResult` describes it;
            `None` if not measured.
    """

    evaluation: dict[str, Any]
    interval: Interval
    agreement: float | None
    predicted: str = ""
    people: People | None = None
    without_copies: WithoutCopies | None = None
    groups: GroupComparison | None = None
    stress: StressResult | None = None

    @property
    def stored(self) -> dict[str, Any]:
        """Results by the data set's labels."""
        return self.evaluation
