"""The consoles of standard output and standard error: they print names as they are, with no markup in them."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from fer_edge.names import printable

_WIDTH_OF_FILES = 120
"""Columns where the output is no terminal and COLUMNS is not set."""


class NameSafeConsole(Console):
    """A console that takes `[v2]`, `[/b]` and `:cat:` in a text as the name's own, and escapes control characters."""

    def __init__(self, stream: TextIO | None, **options: Any) -> None:
        """Decide now whether this is a terminal: `stream` must not be redirected at this moment.

        Args:
            stream: Standard output or standard error; None if it is closed.
            options: The other options of `rich.console.Console`.
        """
        is_sized = os.environ.get("COLUMNS", "").isdigit() or (stream is not None and stream.isatty())
        width = None if is_sized else _WIDTH_OF_FILES
        super().__init__(highlight=False, markup=False, emoji=False, width=width, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape what a terminal would obey; line breaks stay."""
        return super().render_str("\n".join(map(printable, text.split("\n"))), **options)

    def on_broken_pipe(self) -> None:
        """Leave to `fer_edge.cli` what happens when the reader has gone."""
        raise BrokenPipeError


# Made here, and this module is imported by the one that redirects file descriptor 2, so that it cannot come too late: a
# console that is made meanwhile takes the terminal for a file, and then shows no progress bar.
stdout = NameSafeConsole(sys.stdout)
stderr = NameSafeConsole(sys.stderr, stderr=True)
