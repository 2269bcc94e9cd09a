"""Help of a command with many options: they are listed in sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


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
