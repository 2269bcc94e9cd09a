"""Results of a frame, which the pipeline returns and every sink receives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum

import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray

STAGES = ("read", "detect", "track", "crop", "classify", "total")

UNCERTAIN = "uncertain"
"""Label of a face without a score that reaches the threshold."""


@dataclass(frozen=True, eq=False)
class FaceResult:
    """One face and its expression.

    Attributes:
        track_id: Number of the face, the same in each frame, counted from 1 and never used again.
        box_xyxy: Bounding box, float32 (4,), in the frame's pixels and within the frame.
        confidence: Confidence of the detector when it last found the face, 0..1.
        scores: Scores, float32 (labels,), with a sum of 1, smoothed over time unless smoothing is off;
            `fer_edge.cards.meaning.score_meaning` says what one means.
        label: Expression to show, or `UNCERTAIN`.
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


def answer_words(label: str, score: float) -> str:
    """Return a label with its share in percent; `UNCERTAIN` has none, as the highest score is that of another label."""
    return label if label == UNCERTAIN else f"{label} {score:.0%}"


def iso_time(seconds: float) -> str:
    """Format a time in seconds since 1970 as ISO 8601, in UTC with milliseconds."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


class EventKind(str, Enum):
    """Kinds of events."""

    APPEARED = "face_appeared"
    CHANGED = "expression_changed"
    LEFT = "face_left"


@dataclass(frozen=True)
class Event:
    """Something that happened to a face, reported once.

    Attributes:
        kind: Kind of event.
        track_id: Number of the face.
        time: Time of the frame that showed it, in seconds since 1970.
        label: Label of the face now, or the last one of a face that left.
        previous: Label before, of a changed expression; else `None`.
    """

    kind: EventKind
    track_id: int
    time: float
    label: str
    previous: str | None = None


@dataclass(frozen=True, eq=False)
class FrameResult:
    """Faces, timings and events of one frame.

    Attributes:
        number: Number of the frame.
        time: Time of the frame, in seconds since 1970.
        faces: Faces, the largest first.
        timings_ms: Milliseconds of each of `STAGES` that took place: `crop` and `classify` for all faces together,
            `total` without `read`, which for a live source is mostly waiting for the next frame.
        events: Events: faces that left, then those that appeared or changed, in the order of `faces`.
    """

    number: int
    time: float
    faces: tuple[FaceResult, ...]
    timings_ms: dict[str, float]
    events: tuple[Event, ...] = ()
