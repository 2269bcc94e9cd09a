"""Options' names in the errors of the library, which names values only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fer_edge.errors import InputError


@contextmanager
def option_named(option: str) -> Iterator[None]:
    """Begin the message of an `InputError` from the block with an option, such as `--camera` or `--prior photos`."""
    try:
        yield
    except InputError as error:
        if not str(error).startswith(option):
            error.args = (f"{option}: {error}",)
        raise
