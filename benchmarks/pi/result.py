"""What `make pi` found, as pi.json stores it. Instructions are counted, not timed: they are no milliseconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from benchmarks.pi.boards import BOARDS
from fer_edge.files import write_atomic
from fer_edge.tables import make_table

SCHEMA_VERSION = 1

WHOLE_FRAME = "whole frame"
"""The name of all stages together, on average over frames with and without detection."""

NO_TIMES = (
    "Instructions are counted, not timed: caches, memory and how many instructions a core begins at once decide how "
    "long they take."
)


@dataclass(frozen=True)
class Check:
    """Something that must hold in a userland.

    Attributes:
        name: What was looked at.
        passed: Whether it holds.
        detail: What was found.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class UserlandResult:
    """One release of Debian, with the device install in it.

    Attributes:
        name: "bookworm" or "trixie".
        python: Its version.
        board: Whose processor was emulated for the checks.
        packages: Versions of what the device install consists of, by name.
        installed_bytes: Of the environment's files, pip included.
        installed_files: How many there are.
        fetched_bytes: Of all that pip fetched.
        fetched: Name, version and bytes of each.
        doctor: What `fer-edge doctor --json` said.
        checks: What was looked at.
    """

    name: str
    python: str
    board: str
    packages: dict[str, str]
    installed_bytes: int
    installed_files: int
    fetched_bytes: int
    fetched: tuple[tuple[str, str, int], ...]
    doctor: dict[str, Any]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Count:
    """Instructions of one inference, from pixels to scores, in one thread.

    Attributes:
        model: The file's name.
        sha256: Of the file.
        precision: As read from its tensors.
        runtime: The interpreter and its version.
        cpu: The processor, as QEMU calls it.
        board: What has it.
        instructions: The median of several inferences.
    """

    model: str
    sha256: str
    precision: str
    runtime: str
    cpu: str
    board: str
    instructions: int


@dataclass(frozen=True)
class StageCount:
    """Instructions of one stage of the pipeline, for a 640x480 frame with one face, in one thread.

    Attributes:
        cpu: The processor, as QEMU calls it.
        board: What has it.
        stage: "track", "detect", "detect around" (the known faces only), "crop" or "classify": the median of the frames
            that have it. Or `WHOLE_FRAME`.
        instructions: How many.
    """

    cpu: str
    board: str
    stage: str
    instructions: int


@dataclass(frozen=True)
class PiReport:
    """One run.

    Attributes:
        created: ISO 8601, UTC.
        userlands: In the order of their release.
        counts: By processor and file.
        stages: By processor, in the order of a frame.
    """

    created: str
    userlands: tuple[UserlandResult, ...]
    counts: tuple[Count, ...]
    stages: tuple[StageCount, ...]

    @property
    def passed(self) -> bool:
        """Whether all checks did."""
        return all(check.passed for userland in self.userlands for check in userland.checks)

    def write(self, path: Path) -> None:
        """Write pi.json."""
        facts = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        write_atomic(path, json.dumps(facts, indent=1) + "\n")


def tables(report: PiReport) -> list[RenderableType]:
    """The report for a terminal."""
    return [
        _userlands_table(report.userlands),
        _checks_table(report.userlands),
        _counts_table(report.counts),
        _stages_table(report.stages),
        NO_TIMES,
    ]


def _userlands_table(userlands: Sequence[UserlandResult]) -> Table:
    table = make_table("the device install", ["userland", "Python"], ["MB", "files", "fetched MB", "fetched files"])
    for one in userlands:
        table.add_row(
            one.name,
            one.python,
            f"{one.installed_bytes / 1e6:.1f}",
            f"{one.installed_files:,}",
            f"{one.fetched_bytes / 1e6:.1f}",
            str(len(one.fetched)),
        )
    return table


def _checks_table(userlands: Sequence[UserlandResult]) -> Table:
    table = make_table("what was checked there", ["userland", "check", "", "found"], [])
    for userland in userlands:
        for check in userland.checks:
            outcome = Text("passed", style="green") if check.passed else Text("FAILED", style="red")
            table.add_row(userland.name, check.name, outcome, check.detail)
    return table


def _counts_table(counts: Sequence[Count]) -> Table:
    table = make_table(
        "millions of instructions an inference, one thread",
        ["model", "precision", "runtime"],
        [board.name for board in BOARDS],
    )
    rows: dict[tuple[str, str, str, str], dict[str, int]] = {}
    for count in counts:
        key = (count.model, count.sha256, count.precision, count.runtime)
        rows.setdefault(key, {})[count.board] = count.instructions
    for (model, _, precision, runtime), values in rows.items():
        table.add_row(model, precision, runtime, *_millions(values))
    return table


def _stages_table(stages: Sequence[StageCount]) -> Table:
    table = make_table(
        "millions of instructions a frame of 640x480 with one face, one thread",
        ["stage"],
        [board.name for board in BOARDS],
    )
    rows: dict[str, dict[str, int]] = {}
    for stage in stages:
        rows.setdefault(stage.stage, {})[stage.board] = stage.instructions
    for name, values in rows.items():
        table.add_row(name, *_millions(values))
    return table


def _millions(values: dict[str, int]) -> list[str]:
    return [f"{values[board.name] / 1e6:,.2f}" if board.name in values else "–" for board in BOARDS]  # noqa: RUF001
