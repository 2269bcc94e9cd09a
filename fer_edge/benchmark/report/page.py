"""The report as one HTML file that needs no network, no script and no other file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from fer_edge.benchmark.report.headline import headline
from fer_edge.benchmark.report.sections import sections
from fer_edge.benchmark.report.table import Cell, Chart, Column, Section, Table
from fer_edge.benchmark.report_json import Report
from fer_edge.markup import Child, Element, html_page, tag

# Places where a long name may be broken: before _, / and a suffix, else anywhere in a long word.
_JOINT = re.compile(r"(?<=\w)(?=[_/]|\.[a-z])|(?<=[^\W_]{14})(?=\w)")


def as_html(report: Report) -> str:
    """Return the page, with report.json in it as `<script type="application/json" id="report">`."""
    shown = sections(report)
    body = tag(
        "body",
        tag("a", "Skip to the summary", href="#summary", class_="skip"),
        tag(
            "header",
            tag("h1", "fer-edge benchmark"),
            tag("p", _subtitle(report), class_="quiet"),
            *_invalid(report),
            _headline(report),
        ),
        tag("nav", tag("ul", *(_link(section) for section in shown)), aria_label="Sections"),
        tag("main", *map(_section, shown)),
        tag("script", _embedded(report), type="application/json", id="report"),
    )
    css = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    return html_page("fer-edge benchmark", css, body)


def _subtitle(report: Report) -> str:
    facts = report.board.facts
    machine = [str(facts[name]) for name in ("machine", "processor") if facts.get(name)]
    return " · ".join([*machine, report.created])


def _invalid(report: Report) -> list[Element]:
    if not report.board.faults:
        return []
    reasons = tag("ul", *(tag("li", fault) for fault in report.board.faults))
    words = (
        "Something disturbed this run. Measure again before you rely on a time; accuracy and sizes are not affected."
    )
    title = tag("h2", "The times of this run are not valid", id="invalid-heading")
    return [tag("section", title, reasons, tag("p", words), class_="invalid", aria_labelledby="invalid-heading")]


def _headline(report: Report) -> Element:
    return tag("ul", *(tag("li", sentence) for sentence in headline(report)), class_="headline")


def _embedded(report: Report) -> str:
    # A script ends at its closing tag, even within a string.
    return json.dumps(report.as_dict()).replace("<", "\\u003c")


def _identifier(section: Section) -> str:
    return section.title.lower().replace(",", "").replace("'", "").replace(" ", "-")


def _link(section: Section) -> Element:
    return tag("li", tag("a", section.title, href=f"#{_identifier(section)}"))


def _section(section: Section) -> Element:
    name = _identifier(section)
    return tag(
        "section",
        tag("h2", section.title, id=f"{name}-heading"),
        *(tag("p", text) for text in section.paragraphs),
        *map(_figure, section.charts),
        *map(_tables, section.tables),
        _terms(section),
        id=name,
        aria_labelledby=f"{name}-heading",
    )


def _tables(row: Sequence[Table]) -> Element:
    return _table(row[0]) if len(row) == 1 else tag("div", *map(_table, row), class_="beside")


def _terms(section: Section) -> Element | None:
    pairs = [tag("div", tag("dt", term), tag("dd", meaning)) for term, meaning in section.terms]
    return tag("dl", *pairs) if pairs else None


def _figure(chart: Chart) -> Element:
    drawing = chart.drawing
    drawing.set("role", "img")
    drawing.set("aria-label", f"{chart.caption}. {chart.description}")
    notes = [tag("p", note, class_="quiet") for note in chart.notes]
    scroll = tag("div", drawing, class_="scroll", role="region", tabindex="0", aria_label=chart.caption)
    return tag("figure", tag("figcaption", chart.caption), scroll, *notes)


def _table(table: Table) -> Element:
    body = [tag("tr", *_cells(table.columns, row)) for row in table.rows]
    grid = tag(
        "table",
        tag("caption", tag("span", table.caption)),
        *_column_groups(table.columns),
        tag("thead", *_heading(table.columns)),
        tag("tbody", *body),
    )
    notes = [tag("p", note, class_="quiet") for note in table.notes]
    scroll = tag("div", grid, class_="scroll", role="region", tabindex="0", aria_label=table.caption)
    is_narrow = any(column.short for column in table.columns)
    return tag("div", scroll, *notes, class_="table narrow" if is_narrow else "table")


def _column_groups(columns: Iterable[Column]) -> list[Element]:
    return [tag("colgroup", span=len(list(group))) for _, group in groupby(columns, lambda column: column.group)]


def _heading(columns: Iterable[Column]) -> Iterator[Element]:
    groups = [(name, list(group)) for name, group in groupby(columns, lambda column: column.group)]
    if not any(name for name, _ in groups):
        yield tag("tr", *(_column_heading(column) for _, group in groups for column in group))
        return
    upper: list[Element] = []
    lower: list[Element] = []
    for name, group in groups:
        if name:
            upper.append(tag("th", name, scope="colgroup", colspan=len(group), class_="group"))
            lower += [_column_heading(column) for column in group]
        else:
            upper += [_column_heading(column, rows=2) for column in group]
    yield tag("tr", *upper)
    yield tag("tr", *lower)


def _column_heading(column: Column, rows: int | None = None) -> Element:
    words: Child = tag("abbr", column.short, title=column.name) if column.short else column.name
    return tag("th", words, scope="col", rowspan=rows, class_="number" if column.is_number else None)


def _cells(columns: Iterable[Column], row: Iterable[Cell | str]) -> Iterator[Element]:
    for i, (column, cell) in enumerate(zip(columns, row, strict=True)):
        cell = Cell(cell) if isinstance(cell, str) else cell
        style = None
        if cell.bar is not None:
            style = f"--bar: {100 * cell.bar:.1f}%"
        elif cell.tint is not None:
            style = f"--{'more' if cell.tint >= 0 else 'less'}: {abs(cell.tint):.3f}"
        kind = " ".join(filter(None, ["number" if column.is_number else "", _ground(cell)]))
        name, scope = ("th", "row") if i == 0 else ("td", None)
        words = [cell.text] if column.is_number else _breakable(cell.text)
        yield tag(name, _picture(cell), *words, scope=scope, class_=kind or None, style=style)


def _breakable(text: str) -> Iterator[Child]:
    for i, part in enumerate(_JOINT.split(text)):
        yield tag("wbr") if i else None
        yield part


def _ground(cell: Cell) -> str:
    if cell.bar is not None:
        return "bar"
    if cell.tint is None:
        return ""
    return "more" if cell.tint >= 0 else "less"


def _picture(cell: Cell) -> Element | None:
    if cell.picture is None:
        return None
    return tag("img", src=f"data:image/png;base64,{cell.picture}", alt="", width=48, height=48)
