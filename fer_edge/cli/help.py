"""Help of commands: sections where there are many options, and lines that fit a narrow terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from typing import Any

import click

_NARROW = 60
"""Columns below which an option's help stands under its name; click's own help takes 50 at least, and a narrower
terminal cuts its words."""

_INDENT = 4


class SectionedCommand(click.Command):
    """Command whose help lists its options under several titles."""

    def __init__(self, *args: Any, sections: Mapping[str, str], **kwargs: Any) -> None:
        """Set the titles, by the names of the parameters from which on each holds.

        Parameters before the first are "Options". A title that comes twice is one section.
        """
        super().__init__(*args, **kwargs)
        self._title_at = sections

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options' names and helps, section by section."""
        title, rows = "Options", dict[str, list[tuple[str, str]]]()
        for param in self.get_params(ctx):
            title = self._title_at.get(param.name or "", title)
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):  # the usage line has the arguments
                rows.setdefault(title, []).append(record)
        for title, records in rows.items():
            with formatter.section(title):
                formatter.write_dl(records)


def fit_help(command: click.Command) -> None:
    """Make the help of a command, and of its subcommands, fit a narrow terminal."""
    command.context_class = _Context
    for subcommand in getattr(command, "commands", {}).values():
        fit_help(subcommand)


class _Formatter(click.HelpFormatter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.width = min(self.width, shutil.get_terminal_size().columns - 2)

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl(list(rows), col_max if self.width >= _NARROW else _INDENT, col_spacing)


class _Context(click.Context):
    formatter_class = _Formatter
