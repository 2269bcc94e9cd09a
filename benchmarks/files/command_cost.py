"""Time and memory of a command, from its start to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.errors import FerEdgeError

# A small process starts the command: the peak of a child begins with that of its parent.
_START = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({
    "code": done.returncode, "output": done.stdout, "errors": done.stderr, "wall_s": time.perf_counter() - start,
    "cpu_s": usage.ru_utime + usage.ru_stime, "peak_kb": usage.ru_maxrss,
}))
"""


@dataclass(frozen=True)
class CommandCost:
    """Time and memory that a command took.

    Attributes:
        wall_s: Seconds from its start to its end.
        cpu_s: Processor time of it and its children, seconds.
        peak_bytes: Peak resident memory of the largest of these processes.
        output: Its standard output.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    output: str


def measure_command(command: Sequence[str | Path], folder: Path) -> CommandCost:
    """Run a command in a folder and measure it.

    Raises:
        FerEdgeError: If it fails; the message ends with its last line.
    """
    whole = [sys.executable, "-c", _START, *map(str, command)]
    done = subprocess.run(whole, cwd=folder, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["code"]:
        last = (found["errors"].strip().splitlines() or ["it said nothing"])[-1]
        raise FerEdgeError(f"{command[0]} ended with {found['code']}: {last}")
    return CommandCost(found["wall_s"], found["cpu_s"], 1024 * int(found["peak_kb"]), found["output"])
