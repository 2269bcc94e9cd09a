"""The report's sections in order, which every format shows."""

from __future__ import annotations

from collections.abc import Iterator

from fer_edge.benchmark.report.changed_labels import changed_images_table, label_changes_table
from fer_edge.benchmark.report.confusion import confusion_tables
from fer_edge.benchmark.report.emulation import boards_in_words, emulation_tables, is_current
from fer_edge.benchmark.report.every_call import every_call_chart
from fer_edge.benchmark.report.glossary import glossary
from fer_edge.benchmark.report.hard_faces import group_tables, stress_chart, stress_table
from fer_edge.benchmark.report.measurements import (
    cost_table,
    latency_table,
    mark,
    recall_table,
    summary_table,
    threads_table,
)
from fer_edge.benchmark.report.method import (
    board_table,
    files_table,
    method_table,
    state_table,
    versions_tables,
)
from fer_edge.benchmark.report.people import copies_table, people_tables
from fer_edge.benchmark.report.reliability import reliability_chart
from fer_edge.benchmark.report.table import Section
from fer_edge.benchmark.report.trade_off import trade_off_charts
from fer_edge.benchmark.report_json import Report


def sections(report: Report) -> list[Section]:
    """Return the sections that are not empty."""
    return [*_judgement(report), *_people(report), *_hard_faces(report), *_detail(report), *_circumstances(report)]


def _judgement(report: Report) -> Iterator[Section]:
    yield Section("Summary", tables=[[summary_table(report)]])
    if trade_offs := trade_off_charts(report):
        yield Section("Accuracy against latency", charts=trade_offs)
    charts = [
        every_call_chart("The model alone: every call" + mark(report), {one.name: one.model for one in report.results}),
        every_call_chart("A frame: every call" + mark(report), {one.name: one.frame for one in report.results}),
    ]
    yield Section("Latency", charts=charts, tables=[[latency_table(report)]])
    if report.threads:
        yield Section("Threads", tables=[[threads_table(report)]])


def _people(report: Report) -> Iterator[Section]:
    if (chart := reliability_chart(report.each_file)) is not None:
        yield Section("People's answer", charts=[chart], tables=[[table] for table in people_tables(report)])
    if (table := copies_table(report)).rows:
        yield Section("Copies in training", tables=[[table]])


def _hard_faces(report: Report) -> Iterator[Section]:
    if tables := group_tables(report):
        yield Section("Groups", tables=[[table] for table in tables])
    chart, table = stress_chart(report), stress_table(report)
    if chart is not None and table is not None:
        yield Section("Hard faces", charts=[chart], tables=[[table]])


def _detail(report: Report) -> Iterator[Section]:
    if matrices := confusion_tables(report):
        compared = (
            "Beside a file's matrix is its difference from the float parent's. Files with equal counts share a matrix."
        )
        yield Section(
            "Confusion",
            [
                "Rows are true expressions, columns predicted ones; cells are numbers of images.",
                *([compared] if len(report.results) > 1 else []),
            ],
            tables=matrices,
        )
        yield Section("Each expression", tables=[[recall_table(report)]])
    tables = [[table] for table in (label_changes_table(report), changed_images_table(report)) if table.rows]
    if tables:
        yield Section("Labels changed by quantization", tables=tables)
    yield Section("Size and memory", tables=[[cost_table(report)]])
    if report.emulated is not None:
        yield _emulation(report, report.emulated)


def _emulation(report: Report, emulated: dict[str, object]) -> Section:
    title = "Instructions on a Raspberry Pi"
    if not is_current(emulated):
        return Section(title, ["pi.json is of another version; run make pi again."])
    return Section(
        title,
        [
            f"Counted by make pi on emulated processors: {boards_in_words(emulated)}. These are counts, not times: how "
            "long a board takes also depends on its clock, its memory and its instructions per cycle.",
        ],
        tables=[[table] for table in emulation_tables(report, emulated)],
    )


def _circumstances(report: Report) -> Iterator[Section]:
    yield Section("Method", tables=[[method_table(report)], [files_table(report)]])
    yield Section("Machine", tables=[[board_table(report), state_table(report)], versions_tables(report)])
    yield Section("Glossary", terms=glossary(report))
