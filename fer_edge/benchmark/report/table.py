"""Tables, charts and sections of the report, independent of the format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.markup import Element


@dataclass(frozen=True)
class Cell:
    """Cell of a table.

    Attributes:
        text: Text; may have several lines.
        bar: Length of a bar behind the text, 0..1.
        tint: Strength of the background colour, -1..1; negative values take the other colour.
        picture: PNG above the text, base64.
    """

    text: str
    bar: float | None = None
    tint: float | None = None
    picture: str | None = None


@dataclass(frozen=True)
class Column:
    """Column of a table.

    Attributes:
        name: Heading.
        group: Heading that it shares with its neighbours.
        is_number: Whether its cells are aligned to the right.
        short: Heading of a narrow column, instead of the name.
    """

    name: str
    group: str = ""
    is_number: bool = True
    short: str | None = None


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows.

    Attributes:
        caption: Caption.
        columns: Columns from left to right.
        rows: Rows with a cell for each column.
        notes: Notes below the table.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Chart:
    """Chart of a table's numbers.

    Attributes:
        caption: Caption.
        description: Text alternative for readers who cannot see the chart.
        drawing: `svg` element.
        notes: Notes on how to read it.
    """

    caption: str
    description: str
    drawing: Element
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """Section of the report.

    Attributes:
        title: Heading.
        paragraphs: First paragraphs.
        charts: Charts after them, in formats with pictures.
        tables: Rows of tables, side by side where there is room.
        terms: Terms and their meaning.
    """

    title: str
    paragraphs: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Sequence[Table]] = ()
    terms: Sequence[tuple[str, str]] = ()


def text_column(name: str) -> Column:
    """Return a column of text."""
    return Column(name, is_number=False)
