"""Loading, the first call and peak memory, in a process of its own: `python -m fer_edge.benchmark.fresh FILE FAMILY N`.

Such a process prints one JSON object with the members of `Fresh`.
"""

from __future__ import annotations

import dataclasses
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from fer_edge.errors import FerEdgeError, first_line
from fer_edge.inference.engine import Engine
from fer_edge.inference.interpreter import open_interpreter

REPEATS = 3
REPEATED_UP_TO_MS = 2000.0
"""What takes longer to load is measured once: most of it is the import of a large library."""

_TIMEOUT_S = 300.0
"""TensorFlow takes half a minute to import on a busy machine."""

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Fresh:
    """What a process that had loaded no model before saw.

    Attributes:
        load_ms: From the start of loading until the model was ready; the interpreter's own library is imported in it.
        first_ms: The first call.
        peak_memory_bytes: Of the process after that call, resident; `None` where the system does not tell.
    """

    load_ms: float
    first_ms: float
    peak_memory_bytes: int | None


def measure_here(load: Callable[[], Callable[[], object]]) -> Fresh:
    """Measure within this process, which must be fresh: for a module that is run like this one.

    Args:
        load: Loads a model, and returns the call that scores one image.
    """
    began = time.perf_counter_ns()
    score = load()
    ready = time.perf_counter_ns()
    score()
    done = time.perf_counter_ns()
    return Fresh((ready - began) / 1e6, (done - ready) / 1e6, _peak_memory_bytes())


def print_fresh(fresh: Fresh) -> None:
    """Print the line that `run_fresh` reads."""
    print(json.dumps(dataclasses.asdict(fresh)))


def fresh_command(path: Path, family: Engine, threads: int = 1) -> tuple[str, ...]:
    """The command that measures a model file."""
    return sys.executable, "-m", "fer_edge.benchmark.fresh", str(path), family.value, str(threads)


def run_fresh(command: Sequence[str]) -> Fresh:
    """Run a command that prints what `print_fresh` does.

    Raises:
        FerEdgeError: If it fails, crashes, hangs for minutes or prints something else.
    """
    name = " ".join(command[1:])
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise FerEdgeError(f"{name}: nothing came of it in {_TIMEOUT_S:g} s in a fresh process") from error
    if done.returncode < 0:
        raise FerEdgeError(f"{name}: it crashed a fresh process ({signal.Signals(-done.returncode).name})")
    try:
        return Fresh(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError) as error:
        reason = (done.stderr.strip() or f"expected a line of JSON, got {done.stdout[-200:]!r}").splitlines()[-1]
        raise FerEdgeError(f"{name}: it failed in a fresh process: {reason}") from error


def median_fresh(commands: Sequence[Sequence[str]], on_progress: Callable[[float], None] | None = None) -> list[Fresh]:
    """Run commands in turns, each `REPEATS` times unless it is slow; returns each one's medians.

    Raises:
        FerEdgeError: As `run_fresh` does.
    """
    runs: list[list[Fresh]] = [[] for _ in commands]
    for turn in range(REPEATS):
        for i, (command, done) in enumerate(zip(commands, runs, strict=True)):
            if not done or done[0].load_ms <= REPEATED_UP_TO_MS:
                done.append(run_fresh(command))
            if on_progress is not None:
                on_progress((turn * len(commands) + i + 1) / (REPEATS * len(commands)))
    return [_median(each) for each in runs]


def _median(runs: Sequence[Fresh]) -> Fresh:
    peaks = [run.peak_memory_bytes for run in runs if run.peak_memory_bytes is not None]
    return Fresh(
        median(run.load_ms for run in runs), median(run.first_ms for run in runs), int(median(peaks)) if peaks else None
    )


def _peak_memory_bytes() -> int | None:
    """The high-water mark of this process; `getrusage` would count the parent's from before the command's start."""
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _load(path: Path, family: Engine, threads: int) -> Callable[[], object]:
    interpreter = open_interpreter(path, threads, family, tried=True)  # by whoever starts this process
    image = np.random.default_rng(0).integers(0, 256, interpreter.input_shape[1:], np.uint8)
    return lambda: interpreter.run(image)


def main(path: str, family: str, threads: str) -> int:
    """Measure a model file, and give the exit code."""
    try:
        print_fresh(measure_here(lambda: _load(Path(path), Engine(family), int(threads))))
    except FerEdgeError as error:
        print(first_line(error), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
