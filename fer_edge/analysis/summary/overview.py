"""What was analysed, and with what: the facts at the head of the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FileFacts:
    """One file of an analysis.

    Attributes:
        file: Name, as in the tables.
        is_picture: Whether it is a picture, which has no time.
        duration_s: Duration in seconds; 0 if it is not known.
        frames: Number of frames that were looked at.
        problem: Why it could not be read, or not to its end; None if it could.
    """

    file: str
    is_picture: bool
    duration_s: float
    frames: int
    problem: str | None = None


@dataclass(frozen=True)
class Overview:
    """An analysis.

    Attributes:
        labels: Expressions, in the order of the scores.
        model: Name of the model.
        created: When the analysis ended, ISO 8601.
        options: Options and their values, in words.
        files: Files in the order of the tables.
        privacy: Whether no picture may be shown.
    """

    labels: tuple[str, ...]
    model: str
    created: str
    options: Mapping[str, str]
    files: Sequence[FileFacts]
    privacy: bool
