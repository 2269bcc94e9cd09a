"""Results so far as files to download: those that other outputs write, or what is kept in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path

from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.text import csv_header, csv_rows, jsonl_line
from fer_edge.runtime.sources.source import Frame

_INTERVAL_S = 1.0
_MOST_ROWS = 7200
"""Most results and faces that are kept; they take less than a kilobyte each."""


class LogForm(str, Enum):
    """Forms of a log."""

    JSONL = "jsonl"
    CSV = "csv"


class RecentLog:
    """The newest results: one a second, and each with an event."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        """Start empty; `labels` name the scores in order."""
        self._labels = labels
        self._kept: deque[tuple[Frame, FrameResult]] = deque()
        self._rows = 0
        self._first_at: float | None = None
        self._last_at = float("-inf")

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Keep a result, given with a frame without its image, if a second has passed or something has happened."""
        self._first_at = frame.taken_at if self._first_at is None else self._first_at
        if frame.taken_at - self._last_at < _INTERVAL_S and not result.events:
            return
        self._last_at = frame.taken_at
        self._kept.append((frame, result))
        self._rows += 1 + len(result.faces)
        while self._rows > _MOST_ROWS:
            _, oldest = self._kept.popleft()
            self._rows -= 1 + len(oldest.faces)

    def renderer(self, form: LogForm) -> Callable[[], str]:
        """Return a function that writes what is kept now as text, and may run in another thread."""
        kept, labels, first_at = list(self._kept), self._labels, self._first_at or 0.0
        if form is LogForm.JSONL:
            return lambda: "".join(jsonl_line(frame, result, labels, first_at) for frame, result in kept)
        return lambda: csv_header(labels) + "".join(csv_rows(frame, result, labels) for frame, result in kept)


def written_file(files: Mapping[str, Path], form: LogForm) -> Path | None:
    """Return the log file that is written in a form; `None` if there is none, or it is a pipe or was removed."""
    path = files.get(form.value)
    return path if path is not None and path.is_file() else None
