"""Which interpreters here run a file: `python -m fer_edge.benchmark.families FAMILY FILE...` tries, for it may crash.

Such a process prints, for one file after another, why it cannot be run, as a JSON string; an empty one if it can.
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


def installed_families(path: Path) -> dict[Engine, str]:
    """The interpreters for files of this kind that are installed here, the preferred one first.

    Returns:
        For each, why it cannot run this file; empty if it can.
    """
    return check_families([path])[path]


def check_families(paths: Sequence[Path], families: Sequence[Engine] = tuple(Engine)) -> dict[Path, dict[Engine, str]]:
    """The same for several files and some interpreters, in one process for each as long as none crashes."""
    checks: dict[Path, dict[Engine, str]] = {path: {} for path in paths}
    for family in sorted(families, key=list(Engine).index):
        mine = [path for path in checks if family in engines_for(path)]
        # The first part of a name is looked up without importing anything.
        if mine and find_spec(family.module.split(".")[0]) is not None:
            for path, fault in zip(mine, _try_all(family, mine), strict=True):
                checks[path][family] = fault
    return checks


def _try_all(family: Engine, paths: Sequence[Path]) -> list[str]:
    faults: list[str] = []
    while len(faults) < len(paths):
        command = [sys.executable, "-m", "fer_edge.benchmark.families", family.value, *map(str, paths[len(faults) :])]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            return faults + ["it hung a process of its own"] * (len(paths) - len(faults))
        faults += [json.loads(line) for line in done.stdout.splitlines() if line.startswith('"')]
        if len(faults) < len(paths):
            faults.append(f"it crashed a process of its own ({_ending(done)})")
    return faults


def _ending(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    return (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]


def _fault(path: Path, family: Engine) -> str:
    """Run the file once."""
    try:
        interpreter = open_interpreter(path, 1, family)
        interpreter.run(np.zeros(interpreter.input_shape[1:], np.uint8))
    except FerEdgeError as error:
        return str(error)
    return ""


def main(family: str, *paths: str) -> None:
    """Try an interpreter on some files."""
    for path in paths:
        print(json.dumps(_fault(Path(path), Engine(family))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
