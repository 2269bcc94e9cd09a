"""One run of the benchmark: everything about every subject, as a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fer_edge.benchmark.results import Data, Report
from fer_edge.benchmark.subjects import Subject
from fer_edge.benchmark.timing import DEFAULT, Effort
from fer_edge.training.data import Dataset, Split

THREADS = (1, 2, 4)

OnProgress = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done, 0..1."""


def measure(
    subjects: Sequence[Subject],
    *,
    effort: Effort = DEFAULT,
    faces: Split | None = None,
    data: Data | None = None,
    threads: Sequence[int] = THREADS,
    emulated: dict[str, Any] | None = None,
    on_progress: OnProgress | None = None,
) -> Report:
    """Measure subjects beside each other.

    First the model alone and the way of a frame of all, interleaved; then, at quick effort, all files by the number of
    threads; then loading, each time in a fresh process; these times count as valid together. Then the quality.

    Args:
        subjects: With different names; the full model, if there is one, comes first.
        effort: Of the first part.
        faces: The labelled images; without them, faces of the demo stream are shown, and quality is not measured.
        data: What `faces` are, for the report; goes with them (`describe_data`).
        threads: Numbers to compare; empty for no comparison.
        emulated: What `make pi` counted, for the report.
        on_progress: Called often.

    Raises:
        FerEdgeError: If a subject fails in a fresh process.
        KeyboardInterrupt: If Ctrl-C came; no child process is left.
    """
    raise NotImplementedError


def describe_data(dataset: Dataset, faces: Split, split: str, *, synthetic: bool) -> Data:
    """What the report says of `faces`, all or some of the split called `split` of a data set."""
    raise NotImplementedError
