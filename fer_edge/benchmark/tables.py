"""A report and a comparison for the terminal, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from fer_edge.benchmark.compare import FigureChange, ReportChanges, Unit, Verdict
from fer_edge.benchmark.report.people import ONE_PERSON, mean_recall_of
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.number_format import decimal, millions, share
from fer_edge.terminal.tables import make_table

_STYLES = {Verdict.WORSE: "red", Verdict.WITHIN_NOISE: "", Verdict.BETTER: "green"}


def report_lines(report: Report) -> Iterator[RenderableType]:
    """Yield the summary, and what a reader must know about it."""
    yield summary_table(report)
    if report.data is None:
        yield "accuracy was not measured: no labelled faces were given"
    elif report.data.synthetic:
        yield "the faces are synthetic: their accuracy says little about real ones"
    for fault in report.board.faults:
        yield Text(f"the times are not valid: {fault}", style="red")


def changes_lines(changes: ReportChanges) -> Iterator[RenderableType]:
    """Yield what got slower, larger or worse, and what was not judged."""
    for note in changes.notes:
        yield f"note: {note}"
    found = changes.beyond_noise()
    if found:
        yield changes_table(changes)
    yield f"{len(changes.rows) - len(found)} of {len(changes.rows)} figures differ by no more than their noise"


def summary_table(report: Report) -> Table:
    """Return people's answer, size, times, accuracy and agreement of every file, where they were measured.

    The times of an invalid run are red, and the title says so.
    """
    has_quality = report.data is not None
    title = "latency and accuracy" if has_quality else "latency"
    numbers = ["people's\nanswer", "mean\nrecall"] * report.has_people
    numbers += ["MB", "p50\nms", "p90\nms", "frame\nms", "times\nfaster"]
    numbers += ["label's" if report.has_people else "accu-\nracy", "agree-\nment"] * has_quality
    table = make_table(title + (" (invalid run)" if report.board.faults else ""), ["file", "runtime"], numbers)
    for result in report.results:
        times = [Text(text, style="red" if report.board.faults else "") for text in _times(report, result)]
        quality = _quality(result) if has_quality else []
        # The library is in another column.
        name, size = Text(result.plain_name), millions(result.bytes, 2)
        table.add_row(name, result.library, *_people(report, result), size, *times, *quality)
    if report.data is not None and report.data.one_person is not None:
        person = report.data.one_person
        table.add_row(ONE_PERSON, "", share(person["accuracy"]), decimal(mean_recall_of(person), 3))
    table.collapse_padding = True
    table.caption = Text(f"times faster: than {report.reference.name}, by the median of the model alone")
    table.caption_justify = "left"
    return table


def changes_table(changes: ReportChanges) -> Table:
    """Return what got worse or better by more than the noise, the worst first."""
    numbers = ["before", "after", "change", "noise", "verdict"]
    table = make_table("changed beyond the noise", ["file", "figure"], numbers)
    for row in changes.beyond_noise():
        table.add_row(
            Text(row.name),
            row.figure,
            _figure(row, row.before),
            _figure(row, row.after),
            f"{row.after / row.before - 1:+.1%}" if row.before else "",
            share(row.noise, 1),
            Text(row.verdict.value, style=_STYLES[row.verdict]),
        )
    table.collapse_padding = True
    return table


def _times(report: Report, result: Result) -> list[str]:
    times = [decimal(time, 3) for time in (result.model.p50, result.model.p90, result.frame.p50)]
    faster = report.times_faster(result)
    return [*times, decimal(faster, 1) if faster >= 1 else f"{faster:.2g}"]


def _people(report: Report, result: Result) -> list[str]:
    people = None if result.quality is None else result.quality.people
    if people is None:
        return ["", ""] * report.has_people
    return [share(people.accuracy), decimal(people.mean_recall, 3)]


def _quality(result: Result) -> list[str]:
    if result.quality is None:
        return ["", ""]
    return [share(result.quality.accuracy), share(result.quality.agreement, 1)]


def _figure(change: FigureChange, value: float) -> str:
    if change.unit is Unit.SHARE:
        return share(value)
    return f"{decimal(value, 0)} B" if change.unit is Unit.BYTES else f"{decimal(value, 4)} x"
