"""Errors that fer-edge raises on purpose.

FerEdgeError                 exit code 1: a failure while running
├── InputError               exit code 2: the user's input cannot be used
│   ├── DataError            labelled faces: a missing split, an unknown class, a broken archive
│   ├── ModelError           a model file: truncated, without a card, for another task
│   └── MissingExtraError    an optional dependency that the command needs is not installed
├── DivergenceError          a training run whose loss or weights are no longer finite
├── SourceError              a camera, video or stream that cannot be opened or has stopped
└── ToleranceError           an exported file that deviates from its parent by more than allowed
"""

from __future__ import annotations


class FerEdgeError(Exception):
    """Expected fault; its message says what was expected, what came, and what to do."""

    exit_code = 1


class InputError(FerEdgeError):
    """The user's input cannot be used."""

    exit_code = 2


class DataError(InputError):
    """A set of labelled faces cannot be read as one."""


class ModelError(InputError):
    """A file cannot be used as an expression classifier."""


class MissingExtraError(InputError):
    """An optional dependency is needed and not installed."""

    def __init__(self, feature: str, extra: str, cause: str) -> None:
        super().__init__(f"{feature} needs more packages ({cause}): {extra_advice(extra)}")


class DivergenceError(FerEdgeError):
    """Training has diverged: its loss or its weights are no longer finite."""


class SourceError(FerEdgeError):
    """A camera, video or stream cannot be opened, or has stopped giving frames."""


class ToleranceError(FerEdgeError):
    """An exported file deviates from its parent by more than its precision allows."""


def extra_advice(extra: str) -> str:
    """Return how the packages of an extra are installed, as fer-edge is not on a package index."""
    return f"in the checkout, pip install '.[{extra}]'"


def first_line(error: BaseException) -> str:
    """Return the first line of a library's error, which often has many, or the error's name if it has no text."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
