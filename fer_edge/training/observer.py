"""Reports of a training run to whoever shows them, and the times in them."""

from __future__ import annotations

import time
from typing import Protocol

import keras
import numpy as np

from fer_edge.training.checkpoint import TrainingProgress


class TrainingObserver(Protocol):
    """Receiver of a training run's events."""

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        """Training starts after `epochs_done` epochs, up to `epochs` with `steps` each."""

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Step `step`, from 1, of the epoch is done."""

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Epoch `epoch`, from 1, is done and saved."""


class EpochClock(keras.callbacks.Callback):
    """Adds each epoch's time to its logs and to the run's total."""

    def __init__(self, progress: TrainingProgress) -> None:
        super().__init__()
        self._progress = progress

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add the epoch's time, and its learning rate."""
        seconds = time.perf_counter() - self._began
        self._progress.seconds += seconds
        if logs is not None:
            logs["seconds"] = seconds
            logs.setdefault("learning_rate", float(np.asarray(self.model.optimizer.learning_rate)))


class ObserverCallback(keras.callbacks.Callback):
    """Passes Keras' events on to a `TrainingObserver`."""

    def __init__(self, observer: TrainingObserver) -> None:
        super().__init__()
        self._observer = observer

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Report the step."""
        self._observer.on_step(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report the epoch."""
        self._observer.on_epoch(epoch + 1, logs or {})
