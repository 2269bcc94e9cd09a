"""Training of one trial, resumable, up to the epochs that the tuner grants it."""

from __future__ import annotations

import shutil
from pathlib import Path

from fer_edge.dataset.data import Dataset
from fer_edge.files import atomic_path
from fer_edge.training.checkpoint import TrainingProgress
from fer_edge.training.observer import TrainingObserver
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import STATE_NAME
from fer_edge.training.train import train


def train_trial(
    dataset: Dataset,
    recipe: Recipe,
    checkpoints: Path,
    *,
    epochs: int,
    continued: Path | None,
    observer: TrainingObserver,
) -> TrainingProgress:
    """Train a trial from its last saved epoch, or else from that of the trial that it continues.

    Args:
        dataset: Labelled faces.
        recipe: Recipe of the trial.
        checkpoints: Folder of the trial's state.
        epochs: Epochs to train in total, at most as many as the recipe has.
        continued: Folder of the state of the trial that it continues; None if it starts anew.
        observer: Notified of every step and epoch.

    Raises:
        KeyboardInterrupt: If Ctrl-C was pressed; the last complete epoch is saved.
    """
    if continued is not None:
        _copy_state(continued, checkpoints)
    limit = _EpochLimit(epochs, observer)
    trained = train(dataset, recipe, checkpoints, observer=limit, resume=_has_state(checkpoints))
    if trained.interruption is not None and not isinstance(trained.interruption, _LimitReached):
        raise trained.interruption
    return trained.progress


def _has_state(checkpoints: Path) -> bool:
    return (checkpoints / STATE_NAME).exists()


def _copy_state(source: Path, target: Path) -> None:
    if _has_state(source) and not target.exists():
        with atomic_path(target) as temporary:
            shutil.copytree(source, temporary)


class _LimitReached(KeyboardInterrupt):
    """The trial has trained its epochs: it stops like a run by Ctrl-C, so that another trial can continue it."""


class _EpochLimit:
    """Passes events on to an observer, and stops training after fewer epochs than the recipe has."""

    def __init__(self, limit: int, observer: TrainingObserver) -> None:
        self._limit, self._epochs, self._done = limit, limit, 0
        self._observer = observer

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        self._done, self._epochs = epochs_done, epochs
        self._observer.on_start(epochs_done, self._limit, steps)

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        self._stop_if_done()  # if the process was killed between the last epoch and the trial's report
        self._observer.on_step(step, logs)

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        self._done = epoch
        self._observer.on_epoch(epoch, logs)
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._limit <= self._done < self._epochs:
            raise _LimitReached
