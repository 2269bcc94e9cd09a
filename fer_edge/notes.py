"""Notes: sentences for people about what happens during a run, beside its results."""

from __future__ import annotations

from typing import Protocol


class OnNote(Protocol):
    """Function that takes notes, such as "camera 0 is back", and shows or stores them."""

    def __call__(self, note: str, /) -> object:
        """Take one note."""


def ignore_note(_note: str, /) -> None:
    """Discard a note."""
