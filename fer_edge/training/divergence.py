"""Stop of training as soon as it diverges, before the epoch is saved."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import keras
import numpy as np

from fer_edge.errors import DivergenceError
from fer_edge.training.recipe import Recipe


class StopAtDivergence(keras.callbacks.Callback):
    """Raises `DivergenceError` once the loss or a weight is NaN or infinite; must be the first callback.

    A step's loss is that of this worker's own images. If it is NaN, so are the last layer's weights after the step, on
    every worker of a team: since both are checked, all workers stop at the same step, and none waits for another. An
    infinite loss may leave the weights finite, so it is checked after each epoch, where it is the same on all workers.
    """

    def __init__(self, recipe: Recipe, steps: int) -> None:
        """Prepare to check training by `recipe`, with `steps` per epoch."""
        super().__init__()
        self._recipe = recipe
        self._steps = steps
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Record the epoch."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Check the loss and the last layer's weights."""
        where = f"epoch {self._epoch}, step {batch + 1} of {self._steps}"
        if math.isnan((logs or {})["loss"]):
            self._fail(f"{where}: the loss is nan")
        self._require_finite(self.model.layers[-1].weights, where)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Check all weights."""
        self._require_finite(self.model.weights, self._end_of_epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Check the epoch's losses and the weights, which are the EMA weights now where a recipe has any."""
        for name in ("loss", "val_loss"):
            if not math.isfinite((logs or {})[name]):
                self._fail(f"{self._end_of_epoch}: the {name} is {(logs or {})[name]}")
        self._require_finite(self.model.weights, self._end_of_epoch)

    @property
    def _end_of_epoch(self) -> str:
        return f"the end of epoch {self._epoch}, after step {self._steps} of {self._steps}"

    def _require_finite(self, weights: list[Any], where: str) -> None:
        for weight in weights:
            if not np.isfinite(np.asarray(weight)).all():
                self._fail(f"{where}: {weight.path} is not finite")

    def _fail(self, what: str) -> NoReturn:
        slower = f"a lower learning rate (it is {self._recipe.learning_rate:g})"
        precise = " or without mixed precision" if self._recipe.bfloat16 else ""
        raise DivergenceError(f"training diverged at {what}; train again with {slower}{precise}")
