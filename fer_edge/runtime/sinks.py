"""Where results go as text: an object a frame, or a row a face."""

from __future__ import annotations

import csv
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol, TextIO

from fer_edge.runtime.frames import Frame
from fer_edge.runtime.pipeline import FaceResult, FrameResult

STDOUT = "-"


class Sink(Protocol):
    """Takes every result, and is closed at the end, however that comes."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Take one result and the frame it is of."""

    def close(self) -> None:
        """Finish what was written."""


class JsonlSink:
    """One JSON object a frame and line, written out at once, so that a reader sees it and nothing is lost.

    Members, in this order::

        frame       int     the frame's number in its source, from 0; live sources pass frames over
        time        float   seconds since 1970, when the frame was taken or read
        position_s  float   its place in a recording (absent elsewhere)
        file        str     the image's file name (only for images)
        faces       array   the largest first; empty if there is none
            box         [x1, y1, x2, y2] in the frame's pixels
            confidence  the detector's, 0..1
            label       the expression with the highest score
            score       that score, 0..1
            scores      {expression: score}, with a sum of 1 but for rounding
        timings_ms  object  read, detect, crop, classify, and total, which is without read
    """

    def __init__(self, path: str, labels: tuple[str, ...]) -> None:
        """Open `path` anew, or standard output for `-`."""
        self._labels = labels
        self._file = _open_text(path)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write one line."""
        self._file.write(json.dumps(self._describe(frame, result), ensure_ascii=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        _close_text(self._file)

    def _describe(self, frame: Frame, result: FrameResult) -> dict[str, Any]:
        facts: dict[str, Any] = {"frame": result.number, "time": round(result.time, 3)}
        if frame.position_s is not None:
            facts["position_s"] = round(frame.position_s, 3)
        if frame.name is not None:
            facts["file"] = frame.name
        facts["faces"] = [self._describe_face(face) for face in result.faces]
        facts["timings_ms"] = {stage: round(value, 3) for stage, value in result.timings_ms.items()}
        return facts

    def _describe_face(self, face: FaceResult) -> dict[str, Any]:
        return {
            "box": _rounded_box(face),
            "confidence": round(face.confidence, 4),
            "label": face.label,
            "score": round(face.score, 4),
            "scores": {label: round(float(score), 4) for label, score in zip(self._labels, face.scores, strict=True)},
        }


class CsvSink:
    """One row a face, with times as ISO 8601 in UTC; a frame without a face has no row."""

    def __init__(self, path: str, labels: tuple[str, ...]) -> None:
        """Open `path` anew, or standard output for `-`, and write the header."""
        self._file = _open_text(path)
        self._writer = csv.writer(self._file, lineterminator="\n")
        columns = ("time", "frame", "file", "face", "x1", "y1", "x2", "y2", "confidence", "label", "score")
        self._writer.writerow([*columns, *labels])
        self._file.flush()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Write the rows of one frame."""
        moment = datetime.fromtimestamp(result.time, timezone.utc).isoformat(timespec="milliseconds")
        for i, face in enumerate(result.faces):
            known = [moment, result.number, frame.name or "", i, *_rounded_box(face), round(face.confidence, 4)]
            scores = [round(float(score), 4) for score in face.scores]
            self._writer.writerow([*known, face.label, round(face.score, 4), *scores])
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        _close_text(self._file)


def _open_text(path: str) -> TextIO:
    if path == STDOUT:
        return sys.stdout
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return Path(path).open("w", encoding="utf-8", newline="")


def _close_text(file: TextIO) -> None:
    if file is not sys.stdout:  # which is not ours to close
        file.close()


def _rounded_box(face: FaceResult) -> list[float]:
    return [round(float(value), 1) for value in face.box_xyxy]
