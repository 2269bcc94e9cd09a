"""Help that fits a narrow terminal: click's own takes 50 columns at least, of which a terminal of 40 cuts words."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import Any

import click

_NARROW = 60
"""Columns below which an option's help stands under its name."""

_INDENT = 4


class _Formatter(click.HelpFormatter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.width = min(self.width, shutil.get_terminal_size().columns - 2)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl(list(rows), col_max if self.width >= _NARROW else _INDENT, col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter


def fit_help(command: click.Command) -> None:
    """Make the help of a command, and of its subcommands, fit a narrow terminal."""
    command.context_class = _Context
    for subcommand in getattr(command, "commands", {}).values():
        fit_help(subcommand)
