"""Tables of results, for the terminal and for text files."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console, RenderableType
from rich.table import Table

from fer_edge.terminal.fitting_table import FittingTable


def make_table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    """Return an empty table with `left` columns aligned to the left and `right` columns, numbers, to the right.

    No column is dropped at any width: headers and first columns are broken, then the numbers continue
    below, or each row becomes a block.
    """
    return FittingTable(title, left, right)


def as_text(*parts: RenderableType, width: int = 110) -> str:
    """Return tables and texts without colour, for a file."""
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False, emoji=False)
    with console.capture() as capture:
        for part in parts:
            console.print(part)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"
