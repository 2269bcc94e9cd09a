"""Rows from the JSONL log of an earlier run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fer_edge.analysis.parts import PartFacts
from fer_edge.analysis.rows import FaceRow, require_sound
from fer_edge.bounded_json import parse_json
from fer_edge.errors import InputError
from fer_edge.names import printable
from fer_edge.runtime.sources.recordings import Intervals
from fer_edge.runtime.sources.video_span import is_first_of_interval

OnRow = Callable[[FaceRow], None]
"""Takes one row after another."""

_LONGEST_LINE = 1 << 20
"""Bytes of a line; a frame with a hundred faces has 40,000."""


def json_row(face: Mapping[str, Any], frame: int, seconds: float | None, track: int | None, file: str = "") -> FaceRow:
    """Return the row of a face as `json_form` describes it."""
    x1, y1, x2, y2 = (float(value) for value in face["box"])
    box = (x1, y1, round(x2 - x1, 1), round(y2 - y1, 1))
    scores = tuple(float(score) for score in face["scores"].values())
    return FaceRow(file, frame, seconds, track, *box, float(face["confidence"]), scores, str(face["label"]))


def log_labels(path: Path) -> tuple[str, ...] | None:
    """Return the names of the scores in a log; `None` if no face is in it."""
    lines = (line for _, line in _lines(path) if line is not None)
    return next((tuple(face["scores"]) for line in lines for face in line["faces"]), None)


def read_log(path: Path, labels: tuple[str, ...], every_s: float, write: OnRow) -> PartFacts:
    """Write the rows of a log, each line's as far as it goes.

    Args:
        path: The log.
        labels: Labels that its scores must have.
        every_s: Seconds; only the first line in each interval of this length is taken. 0 for all.
        write: Takes the rows.

    Raises:
        InputError: If no line is one of a log, or the scores have other labels.
    """
    clock, intervals, damaged = _LogClock(), Intervals(None), []
    before_s = -1.0
    for number, line in _lines(path):
        if line is None:
            damaged.append(number)
            continue
        seconds = clock.seconds(line)
        is_taken = seconds is None or is_first_of_interval(seconds, before_s, every_s)
        for row in _rows(line, seconds, clock, labels) if is_taken else ():
            write(row)
        before_s = before_s if seconds is None else seconds
        intervals.add(seconds or 0.0)
    if not intervals.frames:
        raise InputError("expected a log as `fer-edge run` writes it, a JSON object a line, got something else")
    return PartFacts(intervals, _reason(damaged))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Yield each line's number and object; `None` for one that is no frame's, such as a killed run leaves."""
    try:
        with path.open("rb") as file:
            for number, text in enumerate(iter(lambda: file.readline(_LONGEST_LINE), b""), 1):
                yield number, _frame(text)
    except OSError as error:
        raise InputError(f"expected a log that can be read: {error.strerror}") from error


def _frame(text: bytes) -> dict[str, Any] | None:
    try:
        line = parse_json(text)
        json.dumps(line, ensure_ascii=False).encode()  # or no table could hold its names
        times = [float(line[name]) for name in ("time", "position_s", "elapsed_s") if name in line]
        require_sound((int(line["frame"]),), times)
        for face in line["faces"]:
            json_row(face, int(line["frame"]), float(line["time"]), int(face["id"])).require_sound(
                tuple(face["scores"])
            )
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    return dict(line)


def _rows(line: dict[str, Any], seconds: float | None, clock: _LogClock, labels: tuple[str, ...]) -> Iterator[FaceRow]:
    for face in line["faces"]:
        if tuple(face["scores"]) != labels:
            expected, found = ", ".join(labels), ", ".join(map(str, face["scores"]))
            raise InputError(f"expected scores of {expected}, as of the other files, got {found}")
        track = None if seconds is None else clock.track(int(face["id"]))
        yield json_row(face, int(line["frame"]), seconds, track, printable(str(line.get("file", ""))))


def _reason(damaged: list[int]) -> str | None:
    if not damaged:
        return None
    return f"{len(damaged)} of its lines are not of a run's log, the first of them line {damaged[0]}"


class _LogClock:
    """Times and tracks of a log, to which several runs may have been appended."""

    def __init__(self) -> None:
        self._frame = math.inf
        self._first_at: float | None = None
        self._begun_at = self._begun_s = 0.0
        self._begun_track = self._last_track = 0

    def seconds(self, line: dict[str, Any]) -> float | None:
        """Return a line's time from the log's first line on, in seconds; `None` for a picture's."""
        if "file" in line:
            return None
        frame, at = int(line["frame"]), float(line["time"])
        if frame <= self._frame:  # a run begins
            self._first_at = at if self._first_at is None else self._first_at
            self._begun_at, self._begun_s, self._begun_track = at, at - self._first_at, self._last_track
        self._frame = frame
        passed_s = float(line.get("position_s", line.get("elapsed_s", at - self._begun_at)))
        return round(self._begun_s + passed_s, 6)

    def track(self, number: int) -> int:
        """Return the number within the whole log of a track of the current run."""
        number += self._begun_track
        self._last_track = max(self._last_track, number)
        return number
