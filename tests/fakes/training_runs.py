"""Training runs of tests: an observer that can interrupt them, and their comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.training.run_folder import STATE_NAME

if TYPE_CHECKING:
    from fer_edge.training.train import Trained


class Observer:
    """Records events, and raises KeyboardInterrupt at an (epoch, step), both from 1."""

    def __init__(self, interrupt_at: tuple[int, int] | None = None) -> None:
        self.interrupt_at = interrupt_at
        self.starts: list[tuple[int, int, int]] = []
        self.steps: list[int] = []
        self.epochs: list[int] = []

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        self.starts.append((epochs_done, epochs, steps))
        self._epoch = epochs_done + 1

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        self.steps.append(step)
        if self.interrupt_at == (self._epoch, step):
            raise KeyboardInterrupt

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        self.epochs.append(epoch)
        self._epoch = epoch + 1


def without_times(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


def saved_state(folder: Path) -> tuple[dict[str, bytes], Any]:
    """Return the bytes of each array in a state file, and its facts without times and digests."""
    with np.load(folder / STATE_NAME) as saved:
        arrays = {name: saved[name].tobytes() for name in saved.files if name != "facts"}
        facts = json.loads(str(saved["facts"]))
    facts["progress"]["history"] = without_times(facts["progress"]["history"])
    del facts["progress"]["seconds"], facts["best_sha256"]
    return arrays, facts


def require_same(one: tuple[Trained, Path], other: tuple[Trained, Path]) -> None:
    assert without_times(one[0].progress.history) == without_times(other[0].progress.history)
    weights = zip(one[0].model.get_weights(), other[0].model.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in weights)
    assert saved_state(one[1]) == saved_state(other[1])
