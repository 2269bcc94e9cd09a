"""Confusion matrices, and their differences from the float model's."""

from __future__ import annotations

from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.report.float_parent import float_parent, in_words
from fer_edge.benchmark.report.table import Cell, Column, Table, text_column
from fer_edge.benchmark.report_json import Report
from fer_edge.number_format import decimal, listed, share, signed

Matrix = list[list[int]]


def confusion_tables(report: Report) -> list[list[Table]]:
    """Return a row for each matrix, with its difference from the float model's; files with equal matrices share one."""
    groups: list[tuple[list[str], Quality]] = []
    for result in report.results:
        quality = result.quality
        if quality is None:
            continue
        same = next((names for names, known in groups if known.confusion == quality.confusion), None)
        if same is None:
            groups.append(([result.name], quality))
        else:
            same.append(result.name)
    rows = []
    for names, quality in groups:
        row = [_counts(listed(names), quality)]
        parent = float_parent(report, next(each for each in report.results if each.name == names[0]))
        if parent is not None and parent.quality is not None and parent.quality.confusion != quality.confusion:
            row.append(_difference(f"{listed(names)}, minus {in_words(report, parent)}", quality, parent.quality))
        rows.append(row)
    return rows


def _counts(caption: str, quality: Quality) -> Table:
    rows: list[list[Cell | str]] = []
    for name, row in zip(quality.classes, quality.confusion, strict=True):
        total = sum(row) or 1
        rows.append([name, *(Cell(decimal(count, 0), tint=count / total) for count in row)])
    return Table(caption, _columns(quality), rows, (f"accuracy {share(quality.accuracy)}",))


def _difference(caption: str, quality: Quality, reference: Quality) -> Table:
    pairs = [
        [count - before for count, before in zip(*rows, strict=True)]
        for rows in zip(quality.confusion, reference.confusion, strict=True)
    ]
    most = max(abs(change) for row in pairs for change in row) or 1
    rows: list[list[Cell | str]] = [
        [name, *(Cell(signed(change), tint=change / most) for change in row)]
        for name, row in zip(quality.classes, pairs, strict=True)
    ]
    points = 100 * (quality.accuracy - reference.accuracy)
    return Table(caption, _columns(quality), rows, (f"accuracy {signed(points, 2)} points",))


def _columns(quality: Quality) -> list[Column]:
    """Return a column for each class, whose heading has three letters where these tell all classes apart."""
    shorts = [name[:3] for name in quality.classes]
    if len(set(shorts)) < len(shorts):
        shorts = list(quality.classes)
    columns = (Column(name, short=short) for name, short in zip(quality.classes, shorts, strict=True))
    return [text_column("true / predicted"), *columns]
