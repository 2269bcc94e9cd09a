"""Every error that fer-edge raises on purpose.

FerEdgeError                 exit code 1: it failed while running
├── InputError               exit code 2: what was asked for, or given, cannot be used
│   ├── DataError            labelled faces: a missing split, an unknown class, a broken archive
│   ├── ModelError           a model file: truncated, without a card, for another task
│   └── MissingExtraError    an optional dependency that the command needs is not installed
├── DivergenceError          a training run whose loss or weights are no longer finite
├── SourceError              a camera, video or stream that cannot be opened or has stopped
└── ToleranceError           an exported file that strays from its parent by more than allowed
"""

from __future__ import annotations


class FerEdgeError(Exception):
    """A fault that is expected; its message says what was wanted, what came, and what to do next."""

    exit_code = 1


class InputError(FerEdgeError):
    """What the user asked for, or gave, cannot be used."""

    exit_code = 2


class DataError(InputError):
    """A set of labelled faces cannot be read as one."""


class ModelError(InputError):
    """A file cannot be used as an expression classifier."""


class MissingExtraError(InputError):
    """An optional dependency is needed and not installed."""

    def __init__(self, feature: str, extra: str, cause: str) -> None:
        super().__init__(f"{feature} needs more packages ({cause}): pip install 'fer-edge[{extra}]'")


class DivergenceError(FerEdgeError):
    """Training has diverged: its loss or its weights are no longer finite."""


class SourceError(FerEdgeError):
    """A camera, video or stream cannot be opened, or has stopped giving frames."""


class ToleranceError(FerEdgeError):
    """An exported file strays from its parent by more than its precision allows."""


def first_line(error: BaseException) -> str:
    """The first line of a library's error, which often has many, or its name if it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
