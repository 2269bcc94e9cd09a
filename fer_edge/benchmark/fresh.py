"""Loading, the first call and peak memory, in a process of its own: `python -m fer_edge.benchmark.fresh FILE FAMILY N`.

Such a process prints one JSON object with the members of `Fresh`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.runtime.family import Family

REPEATS = 3


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
    raise NotImplementedError


def print_fresh(fresh: Fresh) -> None:
    """Print the line that `run_fresh` reads."""
    raise NotImplementedError


def fresh_command(path: Path, family: Family, threads: int) -> tuple[str, ...]:
    """The command that measures a model file."""
    raise NotImplementedError


def run_fresh(command: Sequence[str]) -> Fresh:
    """Run a command that prints what `print_fresh` does.

    Raises:
        FerEdgeError: If it fails, crashes, hangs for minutes or prints something else.
    """
    raise NotImplementedError


def median_fresh(commands: Sequence[Sequence[str]], on_progress: Callable[[float], None] | None = None) -> list[Fresh]:
    """Run each command `REPEATS` times, in turns; returns the medians.

    Raises:
        FerEdgeError: As `run_fresh` does.
    """
    raise NotImplementedError
