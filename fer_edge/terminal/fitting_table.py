"""Table that shows all its columns at every width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.style import StyleType
from rich.table import Column, Table
from rich.text import Text

_LEAST_NAME = 14
"""Least width of names before numbers are moved below; longer names are broken."""

_NUMBERS = 46
"""Width of about five numbers, beside which names get the rest."""

_MOST_PARTS = 3
"""Tables that numbers are split among; with more, values of a row would be far apart."""

_EDGES = 2
"""Blanks at the left and right edge of a table."""


class FittingTable(Table):
    """Table of names on the left and numbers on the right, which uses more lines where it does not fit.

    First, headers are broken between words, then names anywhere. If that is not enough, the numbers are split among
    a few tables below each other, each with the names; else each row becomes a block with a line for each number.
    """

    def __init__(self, title: str, names: Sequence[str], numbers: Sequence[str]) -> None:
        """Make an empty table.

        Args:
            title: Title above the table.
            names: Headers of the columns that are aligned to the left and repeated in every part.
            numbers: Headers of the columns that are aligned to the right.
        """
        super().__init__(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        self._names = len(names)
        for header in names:
            self.add_column(header, overflow="fold")
        for header in numbers:
            self.add_column(header, justify="right", no_wrap=True)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the table in `options.max_width` columns."""
        natural = [_natural_width(column, console, options) for column in self.columns]
        if sum(natural) + self._gaps(len(natural)) <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        numbers = [_broken_width(column, console, options) for column in self.columns[self._names :]]
        names = self._name_widths(natural[: self._names], numbers, options.max_width)
        groups = self._groups(numbers, options.max_width - sum(names) - self._gaps(len(names)))
        if len(groups) > _MOST_PARTS:
            yield from self._blocks(console)
            return
        for group in groups:
            part = self._part([*names, *(numbers[index] for index in group)], group, is_first=group is groups[0])
            part.caption = self.caption if group is groups[-1] else None
            yield part

    def _name_widths(self, natural: list[int], numbers: list[int], max_width: int) -> list[int]:
        """Return widths of the names' columns: beside all numbers if that leaves enough room, else beside some."""
        room = max_width - sum(numbers) - self._gaps(len(natural) + len(numbers))
        if room < sum(min(width, _LEAST_NAME) for width in natural):
            most = max_width - max(numbers, default=0) - self._gaps(len(natural) + 1)
            room = min(max(max_width - _NUMBERS, _LEAST_NAME * len(natural)), most)
        return _shrink(natural, room)

    def _blocks(self, console: Console) -> Iterator[RenderableType]:
        """Yield a block for each row: its names, then the header and value of each number that it has."""
        if self.title is not None:
            yield _as_text(self.title, console, self.title_style)
        headers = [column.header for column in self.columns[self._names :]]
        for cells in zip(*(column.cells for column in self.columns), strict=True):
            yield Text()
            yield from (_as_text(name, console, "bold") for name in cells[: self._names] if name)
            numbers = Table.grid(padding=(0, 2))
            for header, cell in zip(headers, cells[self._names :], strict=True):
                if cell:
                    numbers.add_row("", header, cell)
            yield numbers
        if self.caption is not None:
            yield _as_text(self.caption, console, self.caption_style)

    def _groups(self, widths: list[int], room: int) -> list[list[int]]:
        """Split the numbers' columns into as few parts as fit in `room`; return their indices, at least one a part."""
        groups: list[list[int]] = [[]]
        left = room
        gap = self._gaps(2) - _EDGES
        for index, width in enumerate(widths):
            if left < width + gap and groups[-1]:
                groups.append([])
                left = room
            left -= width + gap
            groups[-1].append(index)
        return groups

    def _part(self, widths: list[int], group: list[int], *, is_first: bool) -> Table:
        """Return a table of the names and of one group of the numbers, without the rows that have none in it."""
        part = Table(title_justify="left", title_style=self.title_style, box=self.box, pad_edge=False)
        part.title = self.title if is_first else None
        part.caption_justify, part.collapse_padding = self.caption_justify, self.collapse_padding
        columns = [*self.columns[: self._names], *(self.columns[self._names + index] for index in group)]
        for column, width in zip(columns, widths, strict=True):
            part.add_column(column.header, justify=column.justify, overflow="fold", width=width)
        rows = zip(*(column.cells for column in columns), strict=True)
        for row, cells in zip(self.rows, rows, strict=True):
            if is_first or any(cells[self._names :]):
                part.add_row(*cells, style=row.style, end_section=row.end_section)
        return part

    def _gaps(self, columns: int) -> int:
        """Return the number of blanks at the edges of columns and between them."""
        return _EDGES + (columns - 1) * (2 if self.collapse_padding else 3)


def _as_text(content: RenderableType, console: Console, style: StyleType | None) -> Text:
    """Return a cell or title, which is a text or a string, with a style beneath its own."""
    text = content.copy() if isinstance(content, Text) else console.render_str(str(content))
    text.style = style or ""
    return text


def _natural_width(column: Column, console: Console, options: ConsoleOptions) -> int:
    unlimited = options.update(max_width=10_000)
    return max(Measurement.get(console, unlimited, text).maximum for text in (column.header, *column.cells))


def _broken_width(column: Column, console: Console, options: ConsoleOptions) -> int:
    """Return the width with the header broken between words."""
    unlimited = options.update(max_width=10_000)
    cells = (Measurement.get(console, unlimited, text).maximum for text in column.cells)
    return max(Measurement.get(console, unlimited, column.header).minimum, *cells, 1)


def _shrink(widths: list[int], room: int) -> list[int]:
    """Return widths whose sum is at most `room`, the widest reduced first; each is at least 1."""
    widths = list(widths)
    while sum(widths) > room and max(widths, default=0) > 1:
        widths[widths.index(max(widths))] -= 1
    return widths
