"""Measurements of each file, as tables."""

from __future__ import annotations

from fer_edge.benchmark.report.float_parent import in_words
from fer_edge.benchmark.report.people import one_person_rows, people_notes, summary_cells, summary_columns
from fer_edge.benchmark.report.table import Cell, Column, Table, text_column
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result, Timing
from fer_edge.number_format import NONE, decimal, millions, plural, share

INVALID = " (invalid run)"
"""Suffix of a table of times of an invalid run."""


def mark(report: Report) -> str:
    """Return `INVALID` for an invalid run, else ""."""
    return INVALID if report.board.faults else ""


def summary_table(report: Report) -> Table:
    """Return the summary, a row for each file."""
    alone, accuracy = "model alone, ms", "by the data set's label" if report.has_people else "on the labelled images"
    columns = [
        text_column("file"),
        text_column("runtime"),
        text_column("precision"),
        *summary_columns(report),
        Column("MB", "size"),
        Column("param., M", "size"),
        Column("MMAC", "size"),
        *(Column(name, alone) for name in ("p50", "p90", "p95", "p99", "spread")),
        Column("frame, p50, ms"),
        *([Column("times faster")] if _compares(report) else []),
        Column("accuracy", accuracy),
        Column("95% interval", accuracy),
        Column("macro-F1", accuracy),
        Column("ECE", accuracy),
        Column("agreement", accuracy),
    ]
    rows = [*(_summary(report, each) for each in report.results), *one_person_rows(report, columns)]
    return Table("Every file" + mark(report), columns, rows, [*people_notes(report), *_notes(report)])


def latency_table(report: Report) -> Table:
    """Return all percentiles, of the model alone and of a frame."""
    names = ("p50", "p90", "p95", "p99", "longest", "spread")
    groups = ("model alone, ms", "frame, ms")
    return Table(
        "Latency in numbers" + mark(report),
        [text_column("file"), *(Column(name, group) for group in groups for name in names)],
        [[result.name, *_percentiles(result.model), *_percentiles(result.frame)] for result in report.results],
    )


def recall_table(report: Report) -> Table:
    """Return the recall of each expression."""
    return Table(
        "Recall of each expression" + (" by the data set's label" if report.has_people else ""),
        [text_column("file"), *(Column(name) for name in report.classes)],
        [
            [result.name, *(Cell(share(value, 1), tint=value) for value in result.quality.known_per_class("recall"))]
            for result in report.results
            if result.quality is not None
        ],
        ("Share of an expression's images that the file recognizes.",),
    )


def threads_table(report: Report) -> Table:
    """Return medians by number of threads."""
    numbers = sorted({number for row in report.threads for number in row.p50_ms})
    rows: list[list[Cell | str]] = []
    for row in report.threads:
        cells: list[Cell | str] = [row.name]
        for number in numbers:
            cells += [decimal(row.p50_ms.get(number), 3), share(row.spread.get(number), 0)]
        best = min(row.p50_ms, key=row.p50_ms.__getitem__)
        rows.append([*cells, f"{best}", decimal(row.p50_ms[min(row.p50_ms)] / row.p50_ms[best], 2)])
    pairs = (Column(name, plural(number, "thread")) for number in numbers for name in ("p50, ms", "spread"))
    return Table(
        "The model alone by number of threads" + mark(report),
        [text_column("file"), *pairs, Column("fastest with"), Column("times faster")],
        rows,
        ("From a separate, shorter run: compare within this table. Times faster are relative to the fewest threads.",),
    )


def cost_table(report: Report) -> Table:
    """Return size, memory, load time and first call, with bars."""
    values = {result.name: _costs(result) for result in report.results}
    columns = zip(*values.values(), strict=True)
    largest = [max((value for value in column if value is not None), default=None) for column in columns]
    rows: list[list[Cell | str]] = []
    for result in report.results:
        cells: list[Cell | str] = [result.name]
        for value, most, places in zip(values[result.name], largest, (2, 1, 1, 2), strict=True):
            cells.append(Cell(decimal(value, places), bar=value / most if value is not None and most else None))
        rows.append([*cells, result.delegate or "none", NONE if result.parts is None else f"{result.parts:,}"])
    names = ["file, MB", "peak memory, MB", "load, ms", "first call, ms"]
    return Table(
        "Size, memory and start of each file" + mark(report),
        [text_column("file"), *map(Column, names), text_column("delegate"), Column("parts")],
        rows,
        (
            "Memory, load and first call are of a fresh process for each file; memory includes the engine's library. "
            "A bar's full length is the column's largest value.",
        ),
    )


def _compares(report: Report) -> bool:
    return len(report.results) > 1


def _summary(report: Report, result: Result) -> list[str]:
    quality = result.quality
    row = [
        result.name,
        result.runtime,
        result.precision,
        *summary_cells(report, quality),
        millions(result.bytes, 2),
        millions(result.parameters, 2),
        millions(result.macs, 1),
        *_percentiles(result.model)[:4],
        share(result.model.spread, 0),
        decimal(result.frame.p50, 3),
        *([decimal(report.times_faster(result), 1)] if _compares(report) else []),
    ]
    if quality is None:
        return row + [NONE] * 5
    low, high = quality.interval
    return [
        *row,
        share(quality.accuracy),
        f"{100 * low:.1f}{NONE}{100 * high:.1f}",
        decimal(quality.macro_f1, 3),
        decimal(quality.calibration_error, 3),
        share(quality.agreement),
    ]


def _percentiles(timing: Timing) -> list[str]:
    values = (timing.p50, timing.p90, timing.p95, timing.p99, timing.longest)
    return [*(decimal(value, 3) for value in values), share(timing.spread, 0)]


def _notes(report: Report) -> list[str]:
    threads = sorted({result.threads for result in report.results})
    compared = f"Times faster are relative to {in_words(report, report.reference)}, by the model's median. "
    notes = [
        f"One face at a time, {' or '.join(plural(number, 'thread') for number in threads)}. "
        f"{compared if _compares(report) else ''}The glossary is at the end."
    ]
    timings = [timing for result in report.results for timing in (result.model, result.frame)]
    if any(None in (timing.p90, timing.p95, timing.p99) for timing in timings):
        fewest = min(timing.calls for timing in timings)
        notes.append(f"{NONE}: {plural(fewest, 'call')} are too few for this percentile with 99% confidence.")
    return notes


def _costs(result: Result) -> tuple[float | None, ...]:
    memory = None if result.peak_memory_bytes is None else result.peak_memory_bytes / 1e6
    return result.bytes / 1e6, memory, result.load_ms, result.first_ms
