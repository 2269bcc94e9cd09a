"""Notes and warnings on standard error, beside a command's results."""

from __future__ import annotations

import click

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
