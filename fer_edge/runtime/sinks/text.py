"""Where results go as text: an object a frame, or a row a face."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.results import Event, FaceResult, FrameResult, iso_time
from fer_edge.runtime.sinks.log_files import LogFile, LogPolicy
from fer_edge.runtime.sources.source import Frame

STDOUT = "-"

_ANEW = LogPolicy()


class JsonlSink:
    """One JSON object a frame and line, written out at once, so that a reader sees it and nothing is lost.

    Members, in this order::

        frame       int     the frame's number in its source, from 0; live sources pass frames over
        time        float   seconds since 1970, when the frame was taken or read
        position_s  float   its place in a recording (absent elsewhere)
        elapsed_s   float   seconds since the first frame of a live source, however the clock is set (absent elsewhere)
        file        str     the image's file name (only for images)
        faces       array   the largest first; empty if there is none
            id          int     the same for the same face from frame to frame, from 1
            box         [x1, y1, x2, y2] in the frame's pixels
            confidence  the detector's when it last found the face, 0..1
            label       the expression, or "uncertain"
            score       the highest score, 0..1; what it means says `fer_edge.scores.score_meaning`
            scores      {expression: score}, smoothed, with a sum of 1 but for rounding
        events      array   what happened to a face (absent if nothing did)
            event       "face_appeared", "expression_changed" or "face_left"
            id          the face's
            label       the expression now, or the last one
            previous    the one before (only for a change)
        timings_ms  object  read, detect and track (where they took place), crop, classify; total, which is without read
    """

    def __init__(
        self,
        path: str,
        labels: tuple[str, ...],
        policy: LogPolicy = _ANEW,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Open `path`, or standard output for `-`; raises as `LogFile` does."""
        self._labels = labels
        self._first_at: float | None = None
        self._lines = _open_lines(path, "", policy, on_note)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write one line."""
        self._lines.write(json.dumps(self._describe(frame, result), ensure_ascii=False) + "\n")

    def reopen(self) -> bool:
        """Append to the file, as `LogFile.reopen` does."""
        return self._lines.reopen()

    def close(self) -> None:
        """Close the file."""
        self._lines.close()

    def _describe(self, frame: Frame, result: FrameResult) -> dict[str, Any]:
        facts: dict[str, Any] = {"frame": result.number, "time": round(result.time, 3)}
        if frame.position_s is not None:
            facts["position_s"] = round(frame.position_s, 3)
        if frame.name is not None:
            facts["file"] = frame.name
        if frame.position_s is None and frame.name is None:
            self._first_at = frame.taken_at if self._first_at is None else self._first_at
            facts["elapsed_s"] = round(frame.taken_at - self._first_at, 3)
        facts["faces"] = [self._describe_face(face) for face in result.faces]
        if result.events:
            facts["events"] = [_describe_event(event) for event in result.events]
        facts["timings_ms"] = {stage: round(value, 3) for stage, value in result.timings_ms.items()}
        return facts

    def _describe_face(self, face: FaceResult) -> dict[str, Any]:
        return {
            "id": face.track_id,
            "box": _rounded_box(face),
            "confidence": round(face.confidence, 4),
            "label": face.label,
            "score": round(face.score, 4),
            "scores": {label: round(float(score), 4) for label, score in zip(self._labels, face.scores, strict=True)},
        }


class CsvSink:
    """One row a face, with times as ISO 8601 in UTC; a frame without a face has no row.

    Scores are those of JSONL. As there, only a recording's frames have a `position_s`, and only images a `file`.
    """

    def __init__(
        self,
        path: str,
        labels: tuple[str, ...],
        policy: LogPolicy = _ANEW,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Open `path`, or standard output for `-`, and write the header; raises as `LogFile` does."""
        columns = ("time", "frame", "position_s", "file", "id", "x1", "y1", "x2", "y2", "confidence", "label", "score")
        self._lines = _open_lines(path, _csv_lines([[*columns, *labels]]), policy, on_note)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write the rows of one frame."""
        position_s = "" if frame.position_s is None else round(frame.position_s, 3)
        known = (iso_time(result.time), result.number, position_s, frame.name or "")
        self._lines.write(_csv_lines([*known, *_describe_row(face)] for face in result.faces))

    def reopen(self) -> bool:
        """Append to the file, as `LogFile.reopen` does."""
        return self._lines.reopen()

    def close(self) -> None:
        """Close the file."""
        self._lines.close()


class _StandardOutput:
    """UTF-8 whatever the terminal's encoding, as in a file; flushed after every write, and not ours to close."""

    def __init__(self, header: str) -> None:
        self.write(header)

    def write(self, lines: str) -> None:
        sys.stdout.buffer.write(lines.encode())
        sys.stdout.buffer.flush()

    def reopen(self) -> bool:
        return False

    def close(self) -> None:
        """Leave it open."""


def _open_lines(path: str, header: str, policy: LogPolicy, on_note: OnNote) -> LogFile | _StandardOutput:
    return _StandardOutput(header) if path == STDOUT else LogFile(Path(path), policy, header, on_note)


def _describe_event(event: Event) -> dict[str, Any]:
    facts: dict[str, Any] = {"event": event.kind.value, "id": event.track_id, "label": event.label}
    return facts if event.previous is None else {**facts, "previous": event.previous}


def _describe_row(face: FaceResult) -> list[object]:
    scores = [round(float(score), 4) for score in face.scores]
    confidence, score = round(face.confidence, 4), round(face.score, 4)
    return [face.track_id, *_rounded_box(face), confidence, face.label, score, *scores]


def _csv_lines(rows: Iterable[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _rounded_box(face: FaceResult) -> list[float]:
    return [round(float(value), 1) for value in face.box_xyxy]
