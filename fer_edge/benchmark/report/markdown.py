"""The report as GitHub's Markdown, without pictures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from fer_edge.benchmark.report.headline import headline
from fer_edge.benchmark.report.sections import sections
from fer_edge.benchmark.report.table import Cell, Column, Section, Table
from fer_edge.benchmark.report_json import Report
from fer_edge.cards.markdown import escape


def as_markdown(report: Report) -> str:
    """Return report.md: the sentences and tables of report.html."""
    parts = ["# fer-edge benchmark"]
    if report.board.faults:
        faults = "\n".join(f"> - {escape(fault)}" for fault in report.board.faults)
        parts.append(f"> **The times of this run are not valid:**\n>\n{faults}")
    parts.append("\n".join(f"- {escape(sentence)}" for sentence in headline(report)))
    parts += [part for section in sections(report) for part in _section(section)]
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> Iterator[str]:
    # A section with charts only has nothing to show here.
    if not (section.paragraphs or section.tables or section.terms):
        return
    yield f"## {escape(section.title)}"
    yield from map(escape, section.paragraphs)
    for table in chain.from_iterable(section.tables):
        yield f"**{escape(table.caption)}**"
        yield _table(table)
        yield from map(escape, table.notes)
    if section.terms:
        yield "\n".join(f"- **{escape(term)}**: {escape(meaning)}" for term, meaning in section.terms)


def _table(table: Table) -> str:
    heading = [_heading(column) for column in table.columns]
    rule = ["--:" if column.is_number else ":--" for column in table.columns]
    rows = [[escape(cell.text if isinstance(cell, Cell) else cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, rule, *rows))


def _heading(column: Column) -> str:
    return escape(f"{column.group}: {column.name}" if column.group else column.name)
