"""Messages on standard error: notes, warnings, and the options' names in errors of the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from fer_edge.errors import InputError
from fer_edge.names import printable, without_passwords


def print_note(note: str) -> None:
    """Print a note, with every password in it masked."""
    print_note_with_token(without_passwords(note))


def print_note_with_token(note: str) -> None:
    """Print a note that may hold a token which its reader needs."""
    click.echo(f"note: {printable(note)}", err=True)


def print_warning(warning: str) -> None:
    """Print a warning, with every password in it masked."""
    click.echo(f"warning: {printable(without_passwords(warning))}", err=True)


def print_line(line: str, *, to_stderr: bool = False) -> None:
    """Print a line, with every password in it masked; names of files may hold one."""
    click.echo(printable(without_passwords(line)), err=to_stderr)


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
