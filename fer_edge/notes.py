"""Notes: sentences for people about what happens on the way, beside the results."""

from __future__ import annotations

from typing import Protocol


class OnNote(Protocol):
    """Takes a note, such as "camera 0 is back"; the caller decides where it goes."""

    def __call__(self, note: str, /) -> object:
        """Take one note."""


def ignore_note(_note: str, /) -> None:
    """Drop a note: the default where nobody listens."""
