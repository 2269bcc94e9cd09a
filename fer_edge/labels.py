"""The seven expressions, in the order of all scores in this project."""

from __future__ import annotations

from collections.abc import Iterable

from fer_edge.errors import InputError

EXPRESSIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""Alphabetical order, which is that of the data set's class folders and of Keras' class indices."""

FER2013_ORDER: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Order of the numbers 0..6 in fer2013.csv, which many other projects' scores follow."""

FERPLUS_ORDER: tuple[str, ...] = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")
"""Order of the vote columns in FER+, without contempt, which comes last there."""

NUM_EXPRESSIONS = len(EXPRESSIONS)

RESERVED = frozenset(
    (
        *("nobody", "uncertain"),  # what streams show where there is no face, or no class's score suffices
        *("time", "frame", "position_s", "file", "id", "x1", "y1", "x2", "y2", "confidence", "label", "score"),
        *("face", "error", "seconds", "track", "x", "y", "width", "height", "from", "to", "frames", "changes"),
    )
)
"""Names that no class can have: words of streams, and columns of tables beside those of the classes."""


def require_free(labels: Iterable[str], source: str) -> None:
    """Check the names of classes.

    Args:
        labels: The names.
        source: Where they come from, for the error.

    Raises:
        InputError: If one is reserved.
    """
    if taken := sorted(RESERVED.intersection(labels)):
        raise InputError(
            f"{source}: no class can be called {taken[0]}, a word of streams or a column of tables; rename the class"
        )
