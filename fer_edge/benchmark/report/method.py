"""Method, data and machine of a run, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.benchmark.report.table import Table, text_column
from fer_edge.benchmark.report_json import Report
from fer_edge.number_format import NONE, decimal

_UNITS = {
    "clock_mhz": "clock, MHz",
    "memory_mb": "memory, MB",
    "python_bits": "bits of Python",
    "temperature_c": "temperature, °C",
}
_COLUMNS = (text_column("what"), text_column("value"))


def method_table(report: Report) -> Table:
    """Return how the run was measured."""
    method = report.method
    rows = [
        ["measured", report.created],
        ["effort", method.effort],
        ["timed calls of each file", f"{method.rounds:,}, interleaved, in another order each round"],
        ["warm-up calls", f"at least {method.warm_up_runs} and {method.warm_up_s:g} s of each"],
        ["duration of the timed calls", f"{decimal(method.seconds, 1)} s"],
        ["faces shown while timing", method.faces],
    ]
    return Table("Method", _COLUMNS, [*rows, *_data_rows(report)])


def board_table(report: Report) -> Table:
    """Return constant facts about the machine."""
    facts = [(name, value) for name, value in report.board.facts.items() if not isinstance(value, Mapping)]
    return Table("Machine", _COLUMNS, [[_words(name), _text(name, value)] for name, value in facts])


def versions_tables(report: Report) -> list[Table]:
    """Return a table for each group of facts, such as the versions of packages."""
    groups = [(name, value) for name, value in report.board.facts.items() if isinstance(value, Mapping)]
    return [
        Table(_words(name).capitalize(), _COLUMNS, [[key, _text(key, each)] for key, each in value.items()])
        for name, value in groups
    ]


def state_table(report: Report) -> Table:
    """Return the machine's state before and after."""
    before, after = report.board.before, report.board.after
    columns = [text_column(name) for name in ("what", "before", "after")]
    rows = [
        [_words(name), _text(name, before.get(name)), _text(name, after.get(name))]
        for name in dict.fromkeys([*before, *after])
    ]
    notes = () if report.board.faults else ("Nothing was found that disturbed the times.",)
    return Table("State of the machine", columns, rows, notes)


def files_table(report: Report) -> Table:
    """Return the measured files with their digests."""
    columns = [text_column(name) for name in ("name", "file", "network", "role", "exported from", "sha256")]
    rows = [
        [each.name, each.file, each.network, each.role, each.parent or NONE, each.sha256] for each in report.results
    ]
    return Table("Files", columns, rows)


def _data_rows(report: Report) -> list[list[str]]:
    data = report.data
    if data is None:
        return [["labelled images", "none: accuracy was not measured"]]
    kind = "synthetic faces: accuracy on them says little" if data.synthetic else "labelled faces"
    return [
        ["labelled images", f"{data.images:,}, the {data.split} split of {data.name}, {kind}"],
        ["sha256 of the data", data.sha256],
    ]


def _words(name: str) -> str:
    return _UNITS.get(name, name.replace("_", " "))


def _text(name: str, value: Any) -> str:
    if value is None or value == "":
        return NONE
    if isinstance(value, Mapping):
        return ", ".join(f"{_words(key)}: {_text(key, each)}" for key, each in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(name, each) for each in value) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
