"""Messages on standard error: notes, warnings, and the options' names in errors of the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from fer_edge.errors import InputError
from fer_edge.names import printable, without_passwords

_OPTIONS = {
    "max_megapixels=": "fer-edge --max-megapixels ",
    "official_split=True": "--official-split",
    "trusted=True": "--trust-model",
}
"""Options by the arguments that messages of the library name."""


def with_options(message: str) -> str:
    """Return a message of the library with the options in place of the arguments that it names."""
    for argument, option in _OPTIONS.items():
        message = message.replace(argument, option)
    return message


def print_note(note: str) -> None:
    """Print a note, with every password in it masked."""
    print_note_with_token(without_passwords(with_options(note)))


def print_note_with_token(note: str) -> None:
    """Print a note that may hold a token which its reader needs."""
    click.echo(f"note: {printable(note)}", err=True)


def print_warning(warning: str) -> None:
    """Print a warning, with every password in it masked."""
    click.echo(f"warning: {printable(without_passwords(with_options(warning)))}", err=True)


@contextmanager
def option_named(option: str) -> Iterator[None]:
    """Begin the message of an `InputError` from the block with an option, such as `--camera` or `--prior photos`.

    The library names values only.
    """
    try:
        yield
    except InputError as error:
        if not str(error).startswith(option):
            error.args = (f"{option}: {error}",)
        raise
