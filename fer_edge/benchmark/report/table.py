"""Tables and sections of the report, before anything decides how they look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.benchmark.report.markup import Element


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        text: What it says; a line break parts lines.
        bar: Length of a bar behind it, 0..1.
        tint: How strongly its ground is coloured, -1..1; those below 0 take the other colour.
        picture: A PNG above the text, base64.
    """

    text: str
    bar: float | None = None
    tint: float | None = None
    picture: str | None = None


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Its heading.
        group: A heading that it shares with its neighbours.
        is_number: Whether its cells are aligned to the right.
        short: What a narrow column says instead of its name.
    """

    name: str
    group: str = ""
    is_number: bool = True
    short: str | None = None


@dataclass(frozen=True)
class Table:
    """A table whose first column names the rows.

    Attributes:
        caption: What it shows.
        columns: Left to right.
        rows: A cell for each column.
        notes: What a reader must know about it.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell | str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Chart:
    """A picture of what some table has in numbers.

    Attributes:
        caption: What it shows.
        description: What is to be seen in it, for those who do not see it.
        drawing: An `svg` element.
        notes: How to read it.
    """

    caption: str
    description: str
    drawing: Element
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """A part of the report under a heading of its own.

    Attributes:
        title: The heading.
        paragraphs: What comes first.
        charts: What comes then, where pictures can be shown.
        tables: What comes last: rows of tables that stand side by side where there is room.
        terms: Words and their meaning.
    """

    title: str
    paragraphs: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Sequence[Table]] = ()
    terms: Sequence[tuple[str, str]] = ()


def text_column(name: str) -> Column:
    """A column of words."""
    return Column(name, is_number=False)
