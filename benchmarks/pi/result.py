"""Results of `make pi`, as pi.json stores them. Instructions are counts, not times."""

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
from fer_edge.benchmark.report.emulation import SCHEMA_VERSION
from fer_edge.errors import InputError
from fer_edge.files import read_text_file, write_atomic
from fer_edge.terminal.tables import make_table
from fer_edge.training.run_folder import RUNS

COUNTS_FILE = RUNS / "pi" / "pi.json"
"""Default path of pi.json."""

WHOLE_FRAME = "whole frame"
"""Name of all stages together, averaged over frames with and without detection."""

NO_TIMES = (
    "Instructions are counted, not timed: caches, memory and how many instructions a core begins at once decide how "
    "long they take."
)


@dataclass(frozen=True)
class Check:
    """Check of a userland.

    Attributes:
        name: Name of the check.
        passed: Whether it passed.
        detail: Finding in words.
    """

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class UserlandResult:
    """One release of Debian, with the device install in it.

    Attributes:
        name: "bookworm" or "trixie".
        python: Version of Python.
        board: Board that was emulated for the checks.
        packages: Versions of the device install's packages by name.
        installed_bytes: Size of the environment's files, pip included.
        installed_files: Number of the environment's files.
        fetched_bytes: Total size of the downloaded files.
        fetched: Name, version and bytes of each downloaded file.
        doctor: Output of `fer-edge doctor --json`.
        checks: Checks and their results.
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
        model: Name of the file.
        sha256: Digest of the file.
        precision: Precision, as read from its tensors.
        runtime: Library of the engine, and its version.
        cpu: QEMU's name of the processor.
        board: Board with that processor.
        instructions: Median of several inferences.
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
    """Instructions of one stage of the pipeline, for a 640x480 frame, in one thread.

    Attributes:
        cpu: QEMU's name of the processor.
        board: Board with that processor.
        model: Name of the shipped network that classifies.
        faces: Number of faces in the frame.
        stage: "track", "detect", "detect around" (the known faces only), "crop" or "classify", or `WHOLE_FRAME`.
        instructions: Median over the frames with that stage.
    """

    cpu: str
    board: str
    model: str
    faces: int
    stage: str
    instructions: int


@dataclass(frozen=True)
class PiReport:
    """Results of one run.

    Attributes:
        created: Time of the run, ISO 8601, UTC.
        userlands: Userlands in the order of their release.
        counts: Instructions of an inference by processor and file.
        stages: Instructions of a frame's stages by processor, in the order of a frame.
    """

    created: str
    userlands: tuple[UserlandResult, ...]
    counts: tuple[Count, ...]
    stages: tuple[StageCount, ...]

    @property
    def passed(self) -> bool:
        """True if all checks passed."""
        return all(check.passed for userland in self.userlands for check in userland.checks)

    @staticmethod
    def read(path: Path) -> PiReport:
        """Read the counts of pi.json, without the userlands.

        Raises:
            InputError: If there is no such file, or another version wrote it.
        """
        facts = read_counts(path)
        if facts is None:
            raise InputError(f"{path}: no such file; make pi writes it")
        if facts.get("schema_version") != SCHEMA_VERSION:
            raise InputError(f"{path}: another version wrote it; run make pi again")
        counts = tuple(Count(**each) for each in facts["counts"])
        return PiReport(facts["created"], (), counts, tuple(StageCount(**each) for each in facts["stages"]))

    def write(self, path: Path) -> None:
        """Write pi.json."""
        facts = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        write_atomic(path, json.dumps(facts, indent=1) + "\n")


def read_counts(path: Path | None = None) -> dict[str, Any] | None:
    """Read what `make pi` counted; without a path, from `COUNTS_FILE`, or `None` if there is no such file.

    Raises:
        InputError: If the file holds no JSON object.
    """
    path = path or COUNTS_FILE
    if not path.is_file():
        return None
    try:
        counted = json.loads(read_text_file(path, "what make pi counted"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected what make pi counted, got no JSON ({error})") from error
    if not isinstance(counted, dict):
        raise InputError(f"{path}: expected what make pi counted, a JSON object, got {type(counted).__name__}")
    return counted


def tables(report: PiReport) -> list[RenderableType]:
    """Return the results as tables for a terminal."""
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
    table = make_table("checks", ["userland", "check", "", "detail"], [])
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
        "millions of instructions a frame of 640x480, one thread",
        ["network", "faces", "stage"],
        [board.name for board in BOARDS],
    )
    rows: dict[tuple[str, int, str], dict[str, int]] = {}
    for one in stages:
        rows.setdefault((one.model, one.faces, one.stage), {})[one.board] = one.instructions
    for (model, faces, stage), values in rows.items():
        table.add_row(model, str(faces), stage, *_millions(values))
    return table


def _millions(values: dict[str, int]) -> list[str]:
    return [f"{values[board.name] / 1e6:,.2f}" if board.name in values else "–" for board in BOARDS]  # noqa: RUF001
