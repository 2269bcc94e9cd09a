"""State of a training run after an epoch, from which it resumes with identical results."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError, first_line
from fer_edge.files import DAMAGED_ZIP_ERRORS, atomic_path, require_room, sha256_file
from fer_edge.training.run_folder import STATE_NAME

BEST_NAME = "best.weights.h5"
_NEW_BEST_NAME = "new-best.weights.h5"

_HDF5_BYTES = 2048
"""Twice what HDF5 adds to a file and to each array in it."""

_DAMAGED = (
    *DAMAGED_ZIP_ERRORS,
    *(KeyError, TypeError, AttributeError, SyntaxError, OverflowError, RecursionError, MemoryError),
)
"""Exceptions of reading a damaged state; numpy parses the headers of arrays as Python."""

_SHOWN = {"loss", "accuracy", "val_loss", "val_accuracy"}
"""Columns of a history that its curves are drawn from."""


@dataclass
class TrainingProgress:
    """Progress of a run.

    Attributes:
        epochs_done: Complete epochs.
        history: One row of logs per epoch.
        finished: Whether early stopping or the number of epochs has ended the run.
        seconds: Training time, including that before interruptions.
    """

    epochs_done: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    finished: bool = False
    seconds: float = 0.0

    @property
    def best_epoch(self) -> int:
        """First epoch, from 1, with the best validation accuracy, as ModelCheckpoint keeps it."""
        return int(np.argmax([row["val_accuracy"] for row in self.history])) + 1

    def require_sound(self) -> None:
        """Check values that were read from a file.

        Raises:
            ValueError: If there is not one row of numbers for each epoch.
        """
        rows = [{**row} for row in self.history]
        values = [self.seconds, *(value for row in rows for value in row.values())]
        are_numbers = all(isinstance(value, (int, float)) for value in values) and math.isfinite(self.seconds)
        if type(self.epochs_done) is not int or not 0 < self.epochs_done == len(rows) or not are_numbers:
            raise ValueError("its epochs and their history do not fit together")
        if any(row.keys() != rows[0].keys() or not row.keys() >= _SHOWN for row in rows):
            raise ValueError(f"its history lacks {', '.join(sorted(_SHOWN))} of each epoch")


class BestWeights(keras.callbacks.ModelCheckpoint):
    """Keras' checkpoint of the weights with the best validation accuracy; `RunState` moves it into place."""

    def __init__(self, folder: Path) -> None:
        """Prepare to save the weights in `folder`."""
        self._file = folder / _NEW_BEST_NAME
        super().__init__(
            str(self._file), monitor="val_accuracy", mode="max", save_best_only=True, save_weights_only=True
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Save the weights if they are the best, and there is room: HDF5 crashes the process on a full disk."""
        if logs is not None and (self.best is None or logs["val_accuracy"] > self.best):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            require_room(self._file, self.most_bytes())
        super().on_epoch_end(epoch, logs)

    def most_bytes(self) -> int:
        """Return the most bytes that the file takes; Keras saves the optimizer's state, too."""
        arrays = [np.asarray(each) for each in (*self.model.weights, *self.model.optimizer.variables)]
        return sum(each.nbytes for each in arrays) + _HDF5_BYTES * (1 + len(arrays))


_COUNTERS = {
    keras.callbacks.EarlyStopping: ("wait", "best", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    BestWeights: ("best",),
}
"""Attributes of callbacks that last from epoch to epoch; Keras resets them when `fit` begins."""


class RunState:
    """Saves and restores a model, its optimizer, its callbacks' counters and its progress."""

    def __init__(self, folder: Path, model: keras.Model, callbacks: list[keras.callbacks.Callback]) -> None:
        """Prepare to save the state of `model` and `callbacks` in `folder`."""
        self._folder = folder
        self._model = model
        self._callbacks = [callback for callback in callbacks if type(callback) in _COUNTERS]
        self._early_stopping = next((c for c in callbacks if isinstance(c, keras.callbacks.EarlyStopping)), None)
        self._best_sha256: str | None = None

    def save(self, progress: TrainingProgress) -> None:
        """Write the state to one file, atomically, then move new best weights into place."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new_best = self._folder / _NEW_BEST_NAME
        if new_best.exists():
            self._best_sha256 = sha256_file(new_best)
        arrays = {f"variable_{i}": np.asarray(value) for i, value in enumerate(self._variables())}
        best_weights = (self._early_stopping and self._early_stopping.best_weights) or []
        arrays |= {f"best_{i}": value for i, value in enumerate(best_weights)}
        facts = {
            "progress": vars(progress),
            "callbacks": [self._counters(c) for c in self._callbacks],
            "best_sha256": self._best_sha256,
        }
        with atomic_path(self._folder / STATE_NAME) as path:
            np.savez(path, allow_pickle=False, facts=np.array(json.dumps(facts)), **arrays)
        if new_best.exists():
            new_best.replace(self._folder / BEST_NAME)

    def settle(self) -> None:
        """Complete a `save` that was killed: move the best weights of the saved state into place, remove any others.

        Raises:
            DataError: If the saved state is damaged.
        """
        state, new_best = self._folder / STATE_NAME, self._folder / _NEW_BEST_NAME
        if not (state.is_file() and new_best.is_file()):
            return
        if sha256_file(new_best) == _read(state).best_sha256:
            new_best.replace(self._folder / BEST_NAME)
        else:
            new_best.unlink()

    def restore(self) -> TrainingProgress:
        """Restore the saved state, and return the progress of the run.

        Raises:
            DataError: If there is no saved state, or it or the best weights are damaged or of another network.
        """
        path = self._folder / STATE_NAME
        if not path.is_file():
            raise DataError(f"nothing to resume: {path} does not exist; a run can be resumed after its first epoch")
        saved = _read(path)
        weights = self._model.get_weights()
        if (
            not _same_arrays(saved.variables, self._variables())
            or not (not saved.best_weights or _same_arrays(saved.best_weights, weights))
            or [tuple(each) for each in saved.counters] != [_COUNTERS[type(each)] for each in self._callbacks]
        ):
            raise DataError(f"{path} belongs to another network or version; overwrite the run")
        _require_digest(self._folder / BEST_NAME, saved.best_sha256)
        self._best_sha256 = saved.best_sha256
        for variable, value in zip(self._variables(), saved.variables, strict=True):
            variable.assign(value)
        for callback, counters in zip(self._callbacks, saved.counters, strict=True):
            for name, counter in counters.items():
                setattr(callback, name, counter)
        if self._early_stopping is not None:
            self._early_stopping.best_weights = saved.best_weights or None
        return saved.progress

    def _variables(self) -> list[Any]:
        return [*self._model.variables, *self._model.optimizer.variables]

    def _counters(self, callback: keras.callbacks.Callback) -> dict[str, float | None]:
        values = {name: getattr(callback, name) for name in _COUNTERS[type(callback)]}
        return {name: None if value is None else float(value) for name, value in values.items()}


@dataclass(frozen=True)
class _Saved:
    """Content of a state's file."""

    progress: TrainingProgress
    counters: list[dict[str, float | None]]
    variables: list[npt.NDArray[Any]]
    best_weights: list[npt.NDArray[Any]]
    best_sha256: str | None


def _require_digest(best: Path, sha256: str | None) -> None:
    """Check the best weights; a state of an earlier version has no digest."""
    if sha256 is not None and not (best.is_file() and sha256_file(best) == sha256):
        raise DataError(f"{best} is damaged (its SHA-256 is not that in {STATE_NAME}); overwrite the run")


def _read(path: Path) -> _Saved:
    try:
        # numpy leaves a file that it opened itself open if the zip in it is damaged.
        with path.open("rb") as file, np.load(file) as saved:
            facts = json.loads(str(saved["facts"]))
            arrays = _numbered(saved, "variable_"), _numbered(saved, "best_")
        progress = TrainingProgress(**facts["progress"])
        progress.require_sound()
        progress.history = [{name: float(value) for name, value in row.items()} for row in progress.history]
        counters = [{name: None if x is None else float(x) for name, x in each.items()} for each in facts["callbacks"]]
        best_sha256 = facts.get("best_sha256")
    except _DAMAGED as error:
        raise DataError(f"{path} is damaged ({first_line(error)}); overwrite the run") from error
    return _Saved(progress, counters, *arrays, best_sha256)


def _numbered(saved: Any, prefix: str) -> list[npt.NDArray[Any]]:
    count = sum(name.startswith(prefix) for name in saved.files)
    return [saved[f"{prefix}{i}"] for i in range(count)]


def _same_arrays(values: Sequence[Any], known: Sequence[Any]) -> bool:
    """Return whether arrays have the shapes and types of known ones."""
    return [(tuple(x.shape), np.asarray(x).dtype) for x in values] == [
        (tuple(x.shape), np.asarray(x).dtype) for x in known
    ]


class SaveEveryEpoch(keras.callbacks.Callback):
    """Saves the state after each epoch, and restores it when `fit` begins, after the other callbacks have reset."""

    def __init__(self, state: RunState, progress: TrainingProgress, resume: bool, epochs: int) -> None:
        """Prepare to update and save `progress`; must be the last callback."""
        super().__init__()
        self._state = state
        self._progress = progress
        self._resume = resume
        self._epochs = epochs

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Restore the counters that the other callbacks have just reset."""
        if self._resume:
            self._state.restore()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add the epoch to the progress, and save."""
        self._progress.history.append({key: float(value) for key, value in (logs or {}).items()})
        self._progress.epochs_done = epoch + 1
        self._progress.finished = bool(self.model.stop_training) or epoch + 1 == self._epochs
        self._state.save(self._progress)
