"""Progress: how much of a long piece of work is done, for whoever shows it."""

from __future__ import annotations

from typing import Protocol


class OnProgress(Protocol):
    """Function that takes how much is done: a number of steps, or a share of 0..1, as its caller says."""

    def __call__(self, done: float, /) -> None:
        """Take what is done so far."""


class OnStage(Protocol):
    """Function that takes the name of the stage under way, and the share of it that is done, 0..1."""

    def __call__(self, stage: str, done: float, /) -> None:
        """Take a stage and the share that is done."""


def ignore_progress(_done: float, /) -> None:
    """Discard progress."""


def ignore_stage(_stage: str, _done: float, /) -> None:
    """Discard the progress of a stage."""
