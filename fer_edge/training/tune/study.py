"""A search and the results of its trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.training.recipe import Recipe
from fer_edge.training.tune.space import Space


class TunerName(str, Enum):
    """Algorithm that proposes the values of the next trial."""

    HYPERBAND = "hyperband"
    RANDOM = "random"
    BAYESIAN = "bayesian"


@dataclass(frozen=True)
class Study:
    """Definition of a search.

    Attributes:
        recipe: Recipe of every trial, apart from the parts in `space`.
        space: Parts that differ from trial to trial.
        tuner: Algorithm that proposes their values.
        trials: Maximum number of trials.
        images: Number of training images, sampled at random; None for all.
    """

    recipe: Recipe
    space: Space
    tuner: TunerName = TunerName.HYPERBAND
    trials: int = 20
    images: int | None = None

    def values(self, proposed: dict[str, Any]) -> dict[str, Any]:
        """Return the values to train with, from those that KerasTuner proposed."""
        return {name: part.value(proposed[name]) for name, part in self.space.items()}

    def subset(self, dataset: Dataset) -> Dataset:
        """Return the data set with `images` of its training images; the other splits stay whole."""
        count = len(dataset.train)
        rows = np.random.default_rng(self.recipe.seed).permutation(count)[: self.images or count]
        return replace(dataset, splits=dataset.splits | {SplitName.TRAIN: dataset.train.take(np.sort(rows))})


@dataclass(frozen=True)
class TrialResult:
    """Result of a trial.

    Attributes:
        trial: Number of the trial, as in its folder's name.
        values: Values of the parts searched over.
        val_accuracy: Validation accuracy of its best epoch, 0..1; None if it failed.
        epochs: Epochs trained, including those of the trial that it continued.
        seconds: Time spent training them.
        fault: Reason of the failure; empty for none.
    """

    trial: str
    values: dict[str, Any]
    val_accuracy: float | None
    epochs: int = 0
    seconds: float = 0.0
    fault: str = ""


def ranked(results: Sequence[TrialResult]) -> list[TrialResult]:
    """Return the trials that succeeded, the best first; of equals, the one that took less training first."""
    done = [result for result in results if result.val_accuracy is not None]
    return sorted(done, key=lambda result: (-(result.val_accuracy or 0), result.epochs, result.seconds))
