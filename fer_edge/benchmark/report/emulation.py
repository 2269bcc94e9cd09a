"""Instructions and checks of `make pi` on an emulated Raspberry Pi, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fer_edge.benchmark.report.measurements import mark
from fer_edge.benchmark.report.table import Cell, Column, Table, text_column
from fer_edge.benchmark.report_json import Report
from fer_edge.number_format import decimal, listed, millions

SCHEMA_VERSION = 2
"""Schema version of pi.json that `make pi` writes and reports show."""


def emulation_tables(report: Report, emulated: dict[str, Any]) -> list[Table]:
    """Return instructions of each model and of a frame's stages, sizes of the device install, and failed checks."""
    tables = [_counts(report, emulated["counts"]), _stages(emulated["stages"]), _installs(emulated["userlands"])]
    return [table for table in (*tables, _failed(emulated["userlands"])) if table.rows]


def _counts(report: Report, counts: list[dict[str, Any]]) -> Table:
    boards = _boards(counts)
    medians = {(result.sha256, result.runtime): result.model.p50 for result in report.results}
    most = max((count["instructions"] for count in counts), default=1)
    rows: list[list[Cell | str]] = []
    for key in dict.fromkeys((one["model"], one["precision"], one["runtime"], one["sha256"]) for one in counts):
        model, precision, runtime, sha256 = key
        by_board = {
            _board(one): one["instructions"]
            for one in counts
            if (one["model"], one["precision"], one["runtime"], one["sha256"]) == key
        }
        cells = [_instructions(by_board.get(board), most) for board in boards]
        rows.append([model, precision, runtime, *cells, decimal(medians.get((sha256, runtime)), 3)])
    columns = [text_column("file"), text_column("precision"), text_column("runtime")]
    return Table(
        "Instructions of one inference: counts, not times",
        [*columns, *(Column(board, "millions of instructions") for board in boards), Column("ms here" + mark(report))],
        rows,
    )


def _stages(stages: list[dict[str, Any]]) -> Table:
    boards = _boards(stages)
    most = max((one["instructions"] for one in stages), default=1)
    rows: list[list[Cell | str]] = []
    for key in dict.fromkeys((one["model"], one["faces"], one["stage"]) for one in stages):
        model, faces, stage = key
        by_board = {
            _board(one): one["instructions"] for one in stages if (one["model"], one["faces"], one["stage"]) == key
        }
        rows.append([model, str(faces), stage, *(_instructions(by_board.get(board), most) for board in boards)])
    columns = [text_column("network"), text_column("faces"), text_column("stage")]
    return Table(
        "Instructions of a whole frame by stage: counts, not times",
        [*columns, *(Column(board, "millions of instructions") for board in boards)],
        rows,
    )


def _installs(userlands: list[dict[str, Any]]) -> Table:
    rows = [
        [
            f"Debian {userland['name']}",
            userland["python"],
            millions(userland["installed_bytes"], 0),
            decimal(userland["installed_files"], 0),
            millions(userland["fetched_bytes"], 0),
            f"{sum(check['passed'] for check in userland['checks'])} of {len(userland['checks'])}",
            ", ".join(f"{name} {version}" for name, version in userland["packages"].items()),
        ]
        for userland in userlands
    ]
    names = ["installed, MB", "files", "fetched, MB", "checks passed"]
    columns = [text_column("system"), text_column("Python"), *map(Column, names), text_column("packages")]
    return Table("Device install", columns, rows)


def _failed(userlands: list[dict[str, Any]]) -> Table:
    rows = [
        [userland["name"], check["name"], check["detail"]]
        for userland in userlands
        for check in userland["checks"]
        if not check["passed"]
    ]
    return Table("Failed checks", [text_column(name) for name in ("system", "check", "detail")], rows)


def _boards(counts: Sequence[dict[str, Any]]) -> list[str]:
    return sorted({_board(one) for one in counts})


def _board(count: dict[str, Any]) -> str:
    return f"{count['board']} ({count['cpu']})"


def _instructions(count: int | None, most: int) -> Cell:
    return Cell(millions(count, 1), bar=None if count is None else count / most)


def is_current(emulated: dict[str, Any]) -> bool:
    """Return whether the schema version is the one that the tables are made from."""
    return emulated.get("schema_version") == SCHEMA_VERSION


def boards_in_words(emulated: dict[str, Any]) -> str:
    """Return the emulated boards in words."""
    return listed(_boards(emulated["counts"] or emulated["stages"]))
