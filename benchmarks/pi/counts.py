"""Instructions of an inference and of a frame's stages, counted by a QEMU plugin."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from statistics import mean, median

from benchmarks.pi.boards import Board
from benchmarks.pi.models import Model, python_of, site_variables
from benchmarks.pi.result import WHOLE_FRAME, Check, Count, StageCount
from benchmarks.pi.userland import HOME, Userland
from fer_edge.errors import FerEdgeError

REPEATABLE = 0.005
"""Largest difference of two counts of the same inference, as a share."""

_SOURCE = Path(__file__).parent / "counter.c"
_PLUGIN = HOME / "counter.so"
_COMPILE = ("cc", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-fvisibility=hidden", "-o")
_STAGES = ("track", "detect", "detect around", "crop", "classify")


def compile_counter(userland: Userland) -> None:
    """Compile the plugin for this machine, on which the emulator runs.

    Raises:
        FerEdgeError: If the compiler fails.
    """
    command = [*_COMPILE, str(userland.path(_PLUGIN)), str(_SOURCE)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise FerEdgeError(f"{_SOURCE.name} cannot be compiled: {done.stderr.strip().splitlines()[0]}")


def count_models(
    userland: Userland, board: Board, models: Sequence[Model], site: Path | None = None
) -> tuple[list[Count], float]:
    """Count the instructions of each model's inference in one thread.

    Args:
        userland: Userland prepared by `put_models` and `compile_counter`.
        board: Board to emulate.
        models: Model files; those that the engine refuses are left out.
        site: Site folder of a second engine, as for `scores_there`.

    Returns:
        The counts, and the largest spread between inferences of one model as a share of its count.
    """
    program = (python_of(site), HOME / "inside" / "count_models.py", HOME / "faces.npy")
    lines, marks = _run_counted(userland, board, [*program, *(model.there for model in models)], site)
    by_path = {str(model.there): model for model in models}
    counts, spread = [], 0.0
    for line in lines:
        facts, model = json.loads(line), by_path[json.loads(line)["model"]]
        inferences = []
        for _ in range(facts["marked"]):
            before = _next(marks)
            inferences.append(_next(marks) - before)
        middle = int(median(inferences))
        spread = max(spread, (max(inferences) - min(inferences)) / middle)
        counts.append(
            Count(model.name, model.sha256, model.precision.value, facts["runtime"], board.cpu, board.name, middle)
        )
    return counts, spread


def count_stages(userland: Userland, board: Board) -> list[StageCount]:
    """Count the instructions of the pipeline's stages in one thread, with each network and number of faces."""
    lines, marks = _run_counted(userland, board, [python_of(None), HOME / "inside" / "count_stages.py"], None)
    rounds = groupby(map(json.loads, lines), lambda frame: (frame["model"], frame["faces"]))
    return [
        StageCount(board.cpu, board.name, model, faces, stage, instructions)
        for (model, faces), frames in rounds
        for stage, instructions in stage_counts([frame["stages"] for frame in frames], marks).items()
    ]


def stage_counts(frames: Sequence[Sequence[str]], marks: Iterator[int]) -> dict[str, int]:
    """Return instructions by stage, from each frame's stages in order and the marks at its start and after each."""
    by_stage: dict[str, list[int]] = {stage: [] for stage in _STAGES}
    whole = []
    for stages in frames:
        before = began = _next(marks)
        for stage in stages:
            after = _next(marks)
            by_stage[stage].append(after - before)
            before = after
        whole.append(before - began)
    medians = {stage: int(median(counts)) for stage, counts in by_stage.items() if counts}
    return {**medians, WHOLE_FRAME: round(mean(whole))}


def check_repeatable(first: Sequence[Count], again: Sequence[Count], spread: float) -> Check:
    """Compare counts of two processes, and counts within one."""
    before = {(count.sha256, count.cpu): count.instructions for count in first}
    between = max(abs(count.instructions / before[count.sha256, count.cpu] - 1) for count in again)
    detail = f"within a process they differ by {spread:.4%} at most, between two by {between:.4%}"
    return Check("counts repeat", max(spread, between) <= REPEATABLE, detail)


def parse_log(text: str) -> Iterator[int]:
    """Return the instructions executed until each mark, from the counter's lines in QEMU's log."""
    return iter([int(line.split()[1]) for line in text.splitlines() if line.startswith("executed ")])


def _next(marks: Iterator[int]) -> int:
    count = next(marks, None)
    if count is None:
        raise FerEdgeError("the counter's log has too few marks; see the log of the userland")
    return count


def _run_counted(
    userland: Userland, board: Board, command: Sequence[Path], site: Path | None
) -> tuple[list[str], Iterator[int]]:
    log = HOME / f"counted.{board.cpu}"
    userland.path(log).unlink(missing_ok=True)
    variables = {
        **site_variables(site),
        "OPENCV_FOR_THREADS_NUM": "1",
        "PYTHONHASHSEED": "0",
        "QEMU_LOG": "plugin",
        "QEMU_LOG_FILENAME": str(log),
        "QEMU_PLUGIN": str(_PLUGIN),
    }
    done = userland.run(*command, board=board, variables=variables)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return lines, parse_log(userland.path(log).read_text())
