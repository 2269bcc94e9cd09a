"""Notes on standard error, beside a command's results."""

from __future__ import annotations

import click

from fer_edge.names import printable, without_passwords


def tell(note: str) -> None:
    """Print a note, with every password in it masked."""
    tell_as_it_is(without_passwords(note))


def tell_as_it_is(note: str) -> None:
    """Print a note that may hold a token which its reader needs."""
    click.echo(f"note: {printable(note)}", err=True)
