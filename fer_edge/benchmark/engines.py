"""Engines here that run a file: `python -m fer_edge.benchmark.engines ENGINE FILE...` tries, as it may crash.

The process prints a JSON string for each file: why the engine cannot run it, or "".
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from fer_edge.errors import FerEdgeError
from fer_edge.inference.engine import Engine, engines_for
from fer_edge.inference.interpreter import open_interpreter

_TIMEOUT_S = 600.0


def check_engines(paths: Sequence[Path], engines: Sequence[Engine] = tuple(Engine)) -> dict[Path, dict[Engine, str]]:
    """Return each file's installed engines, the preferred one first, with why it cannot run the file; "" if it can.

    Each engine has one process for all files, as long as none crashes.
    """
    checks: dict[Path, dict[Engine, str]] = {path: {} for path in paths}
    for engine in sorted(engines, key=list(Engine).index):
        mine = [path for path in checks if engine in engines_for(path)]
        # The first part of a name is looked up without importing anything.
        if mine and find_spec(engine.module.split(".")[0]) is not None:
            for path, fault in zip(mine, _try_all(engine, mine), strict=True):
                checks[path][engine] = fault
    return checks


def _try_all(engine: Engine, paths: Sequence[Path]) -> list[str]:
    faults: list[str] = []
    while len(faults) < len(paths):
        command = [sys.executable, "-m", "fer_edge.benchmark.engines", engine.value, *map(str, paths[len(faults) :])]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return faults + ["it hung its own process"] * (len(paths) - len(faults))
        faults += [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')]
        if len(faults) < len(paths):
            faults.append(f"it crashed its own process ({_ending(done)})")
    return faults


def _ending(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def _fault(path: Path, engine: Engine) -> str:
    """Run the file once; returns why that failed, or ""."""
    try:
        interpreter = open_interpreter(path, 1, engine)
        interpreter.run(np.zeros(interpreter.input_shape[1:], np.uint8))
    except FerEdgeError as error:
        return str(error)
    return ""


def main(engine: str, *paths: str) -> None:
    """Try an engine on some files."""
    for path in paths:
        print(json.dumps(_fault(Path(path), Engine(engine))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
