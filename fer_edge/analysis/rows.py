"""Rows of an analysis' tables: a face in a frame, and a face over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.boxes import BoxArray
from fer_edge.runtime.results import UNCERTAIN

_LATEST_S = 1e11
"""Latest time of a row, 3,000 years in seconds."""

_MOST = 1 << 53
"""Largest count, which each reader of JSON, CSV and Parquet can hold."""


@dataclass(frozen=True)
class FaceRow:
    """One face in one frame.

    Attributes:
        file: Path of the video, picture or log, as it was named or found.
        frame: Number of the frame in it, from 0.
        seconds: Presentation time of the frame, from the first frame on; `None` in a picture.
        track: Number of the face in the file, from 1, the same in each frame; `None` in a picture.
        x: Left side of the box, in the frame's pixels to 0.1, as are the next three.
        y: Its upper side.
        width: Its width.
        height: Its height.
        confidence: The detector's when it last found the face, 0..1.
        scores: Score of each label of the model, 0..1.
        label: The expression, or "uncertain".
    """

    file: str
    frame: int
    seconds: float | None
    track: int | None
    x: float
    y: float
    width: float
    height: float
    confidence: float
    scores: tuple[float, ...]
    label: str

    @property
    def box_xyxy(self) -> BoxArray:
        """The box, float32 (4,), in the frame's pixels."""
        return np.array([self.x, self.y, self.x + self.width, self.y + self.height], np.float32)

    def cells(self) -> list[Any]:
        """Return the values of the columns, in their order."""
        box = (self.x, self.y, self.width, self.height)
        return [self.file, self.frame, self.seconds, self.track, *box, self.confidence, *self.scores, self.label]

    @staticmethod
    def of_cells(cells: Sequence[str]) -> FaceRow:
        """Return the row of a line of a CSV file."""
        file, frame, seconds, track, x, y, width, height, confidence, *scores, label = cells
        return FaceRow(
            file=file,
            frame=int(frame),
            seconds=float(seconds) if seconds else None,
            track=int(track) if track else None,
            x=float(x),
            y=float(y),
            width=float(width),
            height=float(height),
            confidence=float(confidence),
            scores=tuple(map(float, scores)),
            label=label,
        )

    def require_sound(self, labels: Sequence[str]) -> None:
        """Check a row that was read from a file.

        Args:
            labels: Labels of the scores.

        Raises:
            ValueError: If a number is not finite or too large, or there are other scores or another label.
        """
        if len(self.scores) != len(labels) or self.label not in (*labels, UNCERTAIN):
            raise ValueError(f"expected scores of {', '.join(labels)}, got other ones")
        numbers = (self.x, self.y, self.width, self.height, self.confidence, *self.scores)
        require_sound((self.frame, self.track or 0), (self.seconds or 0.0,), numbers)


@dataclass(frozen=True)
class TrackRow:
    """One face of a video over time.

    Attributes:
        file: Path of the video or log, as in the faces' rows.
        track: Number of the face in the file.
        from_s: Presentation time of its first frame, in seconds.
        to_s: Presentation time of its last frame.
        frames: Number of frames that show it, the rows it has in the table of faces.
        shares: Share of these frames in which each label of the model was shown, 0..1; the rest was uncertain.
        changes: Number of times that it came to show another label; uncertain frames between do not count.
    """

    file: str
    track: int
    from_s: float
    to_s: float
    frames: int
    shares: tuple[float, ...]
    changes: int

    def cells(self) -> list[Any]:
        """Return the values of the columns, in their order."""
        return [self.file, self.track, self.from_s, self.to_s, self.frames, *self.shares, self.changes]

    @staticmethod
    def of_cells(cells: Sequence[str]) -> TrackRow:
        """Return the row of a line of a CSV file."""
        file, track, from_s, to_s, frames, *shares, changes = cells
        shown = tuple(map(float, shares))
        return TrackRow(file, int(track), float(from_s), float(to_s), int(frames), shown, int(changes))

    def require_sound(self, labels: Sequence[str]) -> None:
        """Check a row that was read from a file, as `FaceRow.require_sound` does."""
        if len(self.shares) != len(labels):
            raise ValueError(f"expected shares of {', '.join(labels)}, got other ones")
        require_sound((self.track, self.frames, self.changes), (self.from_s, self.to_s), self.shares)


def require_sound(counts: Sequence[int], seconds: Sequence[float], numbers: Sequence[float] = ()) -> None:
    """Check numbers that were read from a file.

    Raises:
        ValueError: If one is not finite, or too large for a table.
    """
    if not all(abs(count) < _MOST for count in counts):
        raise ValueError("expected the number of a frame or a track, got one that is too large")
    if not all(abs(moment) < _LATEST_S for moment in seconds):  # of nan neither
        raise ValueError("expected a time in seconds, got one that is too late")
    if not all(map(math.isfinite, numbers)):
        raise ValueError("expected numbers, got one that is not finite")
