"""Results against people's votes, and without copies of training images, as report.json stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fer_edge.labels import EXPRESSIONS

Interval = tuple[float, float]
"""Ends of a 95 % interval, 0..1."""


@dataclass(frozen=True)
class People:
    """Agreement of the scores with people's votes.

    Attributes:
        answer: As `fer_edge.dataset.peoples_answer.PeoplesAnswer.as_dict` gives it.
        interval: Of the accuracy on the majority's answers, 95 %, by bootstrap: its ends, 0..1.
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
    def images(self) -> int:
        """Number of images whose majority agrees on an expression."""
        return int(self.answer["samples"])

    @property
    def accuracy(self) -> float:
        """Share of the majority's answers that the scores give, 0..1."""
        return float(self.answer["accuracy"])

    @property
    def mean_recall(self) -> float:
        """Mean over the expressions of the share of the majority's answers found, 0..1."""
        return float(self.answer["mean_recall"])

    @property
    def kl_divergence(self) -> float:
        """Mean of KL(votes || scores), nats."""
        return float(self.answer["kl_divergence"])

    @property
    def calibration_error(self) -> float:
        """Mean distance of the winning score from the share of votes for its expression, 0..1."""
        return float(self.answer["calibration_error_by_votes"])

    def per_class(self, measure: str) -> tuple[float, ...]:
        """Return precision, recall or f1 of each of `EXPRESSIONS`, 0..1."""
        return tuple(float(self.answer["per_class"][name][measure]) for name in EXPRESSIONS)


@dataclass(frozen=True)
class WithoutCopies:
    """Results on the images that have no exact copy in the training split.

    Attributes:
        evaluation: Against the data set's labels, as `Quality.evaluation`.
        people: Against people's votes, as `People.answer`; `None` without votes.
    """

    evaluation: dict[str, Any]
    people: dict[str, Any] | None


def read_people(stored: Mapping[str, Any] | None) -> People | None:
    """Return what JSON holds of a `People`."""
    if stored is None:
        return None
    low, high = stored["interval"]
    bins = tuple((score, share, images) for score, share, images in stored["reliability"])
    return People(**{**stored, "interval": (low, high), "reliability": bins})
