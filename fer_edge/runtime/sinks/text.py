"""Results as text: JSONL, an object per frame; CSV, a row per face."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fer_edge.labels import require_free
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.results import FaceResult, FrameResult, iso_time
from fer_edge.runtime.sinks.json_form import event_json, face_json
from fer_edge.runtime.sinks.log_files import LogFile, LogPolicy
from fer_edge.runtime.sources.source import Frame

STDOUT = "-"
"""Path that means standard output."""

_OVERWRITE = LogPolicy()


class _LinesSink:
    """Writes lines to a file or standard output."""

    def __init__(self, path: str, header: str, policy: LogPolicy, on_note: OnNote) -> None:
        self._lines = _StandardOutput(header) if path == STDOUT else LogFile(Path(path), policy, header, on_note)

    def reopen(self) -> bool:
        """Append to the file, as `LogFile.reopen` does."""
        return self._lines.reopen()

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


class JsonlSink(_LinesSink):
    """Writes one JSON object per frame and line, at once, so that readers see it and a crash loses nothing.

    Members, in this order::

        frame       int     the frame's number in its source, from 0; live sources skip frames
        time        float   seconds since 1970, when the frame was captured or read
        position_s  float   its position in a recording (absent elsewhere)
        elapsed_s   float   seconds since a live source's first frame, unaffected by clock changes (absent elsewhere)
        file        str     the image's file name (only for images)
        faces       array   largest first; empty if there is none
            id          int     track number, from 1: the same face keeps it from frame to frame
            box         [x1, y1, x2, y2] in the frame's pixels
            confidence  the detector's when it last found the face, 0..1
            label       the expression, or "uncertain"
            score       the highest score, 0..1; `fer_edge.cards.meaning.score_meaning` says what it means
            scores      {expression: score}, smoothed; their sum is 1 up to rounding
        events      array   what happened to faces (absent if nothing did)
            event       "face_appeared", "expression_changed" or "face_left"
            id          the face's track number
            label       the expression now, or the last one
            previous    the one before (only for a change)
        timings_ms  object  read, detect and track (where they took place), crop, classify; total, without read
    """

    def __init__(
        self,
        path: str,
        labels: tuple[str, ...],
        policy: LogPolicy = _OVERWRITE,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Open `path`, or standard output for `-`; raises as `LogFile` does."""
        super().__init__(path, "", policy, on_note)
        self._labels = labels
        self._first_at: float | None = None

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write one line."""
        self._first_at = frame.taken_at if self._first_at is None else self._first_at
        self._lines.write(jsonl_line(frame, result, self._labels, self._first_at))


def jsonl_line(frame: Frame, result: FrameResult, labels: tuple[str, ...], first_at: float) -> str:
    """Return the line of one frame, as `JsonlSink` describes it.

    Args:
        frame: The frame.
        result: Its result.
        labels: Expressions in the order of the scores.
        first_at: `taken_at` of the source's first frame.
    """
    members: dict[str, Any] = {"frame": result.number, "time": round(result.time, 3)}
    if frame.position_s is not None:
        members["position_s"] = round(frame.position_s, 3)
    if frame.name is not None:
        members["file"] = frame.name
    if frame.position_s is None and frame.name is None:
        members["elapsed_s"] = round(frame.taken_at - first_at, 3)
    members["faces"] = [face_json(face, labels) for face in result.faces]
    if result.events:
        members["events"] = [event_json(event) for event in result.events]
    members["timings_ms"] = {stage: round(value, 3) for stage, value in result.timings_ms.items()}
    return json.dumps(members, ensure_ascii=False) + "\n"


class CsvSink(_LinesSink):
    """Writes one row per face, with times as ISO 8601 in UTC; a frame without a face has no row.

    Values are those of JSONL. As there, only frames of a recording have a `position_s`, and only images a `file`.
    """

    def __init__(
        self,
        path: str,
        labels: tuple[str, ...],
        policy: LogPolicy = _OVERWRITE,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Open `path`, or standard output for `-`, and write the header.

        Raises:
            InputError: As `LogFile`, and if a label is named like another column.
        """
        require_free(labels, path)
        super().__init__(path, csv_header(labels), policy, on_note)
        self._labels = labels

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write the rows of one frame."""
        self._lines.write(csv_rows(frame, result, self._labels))


def csv_header(labels: tuple[str, ...]) -> str:
    """Return the first line of a CSV file."""
    columns = ("time", "frame", "position_s", "file", "id", "x1", "y1", "x2", "y2", "confidence", "label", "score")
    return _csv_lines([[*columns, *labels]])


def csv_rows(frame: Frame, result: FrameResult, labels: tuple[str, ...]) -> str:
    """Return the rows of one frame, as `CsvSink` describes them; empty if there is no face."""
    position_s = "" if frame.position_s is None else round(frame.position_s, 3)
    frame_cells = (iso_time(result.time), result.number, position_s, frame.name or "")
    return _csv_lines([*frame_cells, *_face_cells(face, labels)] for face in result.faces)


def _face_cells(face: FaceResult, labels: tuple[str, ...]) -> list[object]:
    members = face_json(face, labels)
    named = (members[name] for name in ("confidence", "label", "score"))
    return [members["id"], *members["box"], *named, *members["scores"].values()]


class _StandardOutput:
    """Standard output in UTF-8 whatever the terminal's encoding, flushed after every write and never closed."""

    def __init__(self, header: str) -> None:
        self.write(header)

    def write(self, lines: str) -> None:
        sys.stdout.buffer.write(lines.encode())
        sys.stdout.buffer.flush()

    def reopen(self) -> bool:
        return False

    def close(self) -> None:
        """Leave it open."""


def _csv_lines(rows: Iterable[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
