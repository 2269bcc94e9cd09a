"""Load time, first call and peak memory in a fresh process: `python -m fer_edge.benchmark.fresh FILE ENGINE THREADS`.

The process prints one JSON object with the members of `Fresh`.
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
from fer_edge.progress import OnProgress, ignore_progress

REPEATS = 3
REPEATED_UP_TO_MS = 2000.0
"""Load time above which a file is measured once, ms: most of it is the import of a large library."""

_TIMEOUT_S = 300.0
"""Time limit of a fresh process; importing TensorFlow takes half a minute on a busy machine."""

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Fresh:
    """Measurements of a process that has loaded no model before.

    Attributes:
        load_ms: Time until the model is ready, including the import of the engine's library.
        first_ms: Time of the first call.
        peak_memory_bytes: Peak resident memory of the process after that call; `None` where the system does not say.
    """

    load_ms: float
    first_ms: float
    peak_memory_bytes: int | None


def measure_here(load: Callable[[], Callable[[], object]]) -> Fresh:
    """Measure within this process, which must be fresh; for a module that is run like this one.

    Args:
        load: Loads a model and returns the call that scores one image.
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


def fresh_command(path: Path, engine: Engine, threads: int = 1) -> tuple[str, ...]:
    """Return the command that measures a model file."""
    return sys.executable, "-m", "fer_edge.benchmark.fresh", str(path), engine.value, str(threads)


def run_fresh(command: Sequence[str]) -> Fresh:
    """Run a command that prints a line as `print_fresh` does.

    Raises:
        FerEdgeError: If it fails, crashes, hangs for minutes or prints something else.
    """
    name = " ".join(command[1:])
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise FerEdgeError(f"{name}: it printed nothing within {_TIMEOUT_S:g} s in a fresh process") from error
    if done.returncode < 0:
        raise FerEdgeError(f"{name}: it crashed a fresh process ({signal.Signals(-done.returncode).name})")
    try:
        return Fresh(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, ValueError, TypeError) as error:
        reason = (done.stderr.strip() or f"expected a line of JSON, got {done.stdout[-200:]!r}").splitlines()[-1]
        raise FerEdgeError(f"{name}: it failed in a fresh process: {reason}") from error


def median_fresh(commands: Sequence[Sequence[str]], on_progress: OnProgress = ignore_progress) -> list[Fresh]:
    """Run commands in turns, each `REPEATS` times unless it loads slowly; returns each command's medians.

    Raises:
        FerEdgeError: As `run_fresh` does.
    """
    runs: list[list[Fresh]] = [[] for _ in commands]
    for turn in range(REPEATS):
        for i, (command, done) in enumerate(zip(commands, runs, strict=True)):
            if not done or done[0].load_ms <= REPEATED_UP_TO_MS:
                done.append(run_fresh(command))
            on_progress((turn * len(commands) + i + 1) / (REPEATS * len(commands)))
    return [_median(each) for each in runs]


def _median(runs: Sequence[Fresh]) -> Fresh:
    peaks = [run.peak_memory_bytes for run in runs if run.peak_memory_bytes is not None]
    return Fresh(
        median(run.load_ms for run in runs), median(run.first_ms for run in runs), int(median(peaks)) if peaks else None
    )


def _peak_memory_bytes() -> int | None:
    """Return this process's peak resident memory; `getrusage` would include the parent's before the start."""
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def _load(path: Path, engine: Engine, threads: int) -> Callable[[], object]:
    interpreter = open_interpreter(path, threads, engine, tried=True)  # tried by the parent process
    image = np.random.default_rng(0).integers(0, 256, interpreter.input_shape[1:], np.uint8)
    return lambda: interpreter.run(image)


def main(path: str, engine: str, threads: str) -> int:
    """Measure a model file; returns the exit code."""
    try:
        print_fresh(measure_here(lambda: _load(Path(path), Engine(engine), int(threads))))
    except FerEdgeError as error:
        print(first_line(error), file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
