"""What is seen in a frame: what the pipeline gives and every sink takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray

STAGES = ("read", "detect", "track", "crop", "classify", "total")

UNCERTAIN = "uncertain"
"""The label of a face none of whose scores reaches the threshold."""


@dataclass(frozen=True, eq=False)
class FaceResult:
    """One face and its expression.

    Attributes:
        track_id: The same for the same face from frame to frame, counted from 1, never used again.
        box_xyxy: float32 (4,), in the frame's pixels and within the frame.
        confidence: The detector's when it last saw the face, 0..1.
        scores: float32 (labels,), smoothed over time unless the pipeline is raw, with a sum of 1;
            `fer_edge.scores.score_meaning` says what one means.
        label: The expression shown, or `UNCERTAIN`.
        score: The highest of the scores.
        landmarks: float32 (5, 2), x and y in the frame's pixels, as in `fer_edge.runtime.faces.detector.Face`.
    """

    track_id: int
    box_xyxy: BoxArray
    confidence: float
    scores: npt.NDArray[np.float32]
    label: str
    score: float
    landmarks: npt.NDArray[np.float32] | None = None


def iso_time(seconds: float) -> str:
    """A frame's or event's time, in seconds since 1970, as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


class EventKind(str, Enum):
    """What can happen to a face."""

    APPEARED = "face_appeared"
    CHANGED = "expression_changed"
    LEFT = "face_left"


@dataclass(frozen=True)
class Event:
    """Something that happened to a face, and is told once.

    Attributes:
        kind: What.
        track_id: The face's.
        time: Of the frame in which it was noticed, in seconds since 1970.
        label: What the face shows now or showed last.
        previous: For a changed expression, the label before.
    """

    kind: EventKind
    track_id: int
    time: float
    label: str
    previous: str | None = None


@dataclass(frozen=True, eq=False)
class FrameResult:
    """What was seen in one frame.

    Attributes:
        number: Of the frame.
        time: Of the frame, in seconds since 1970.
        faces: The largest first.
        timings_ms: Of those of `STAGES` that took place, in milliseconds: `crop` and `classify` for all faces together,
            `total` without `read`, which for a live source is mostly waiting for the next frame.
        events: In the order in which they were noticed.
    """

    number: int
    time: float
    faces: tuple[FaceResult, ...]
    timings_ms: dict[str, float]
    events: tuple[Event, ...] = ()
