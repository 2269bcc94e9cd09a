"""What a preview knows as JSON, as docs/preview-api.yaml describes it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.json_form import event_json, face_json
from fer_edge.runtime.sinks.pace import Pace
from fer_edge.runtime.sinks.palette import css_colour, label_colours
from fer_edge.runtime.sinks.preview.changes import Change
from fer_edge.runtime.sinks.preview.condition import Condition
from fer_edge.runtime.sinks.preview.history import Stretch
from fer_edge.runtime.sinks.preview.timeline import Span
from fer_edge.runtime.sinks.totals import Totals

Json = dict[str, Any]


@dataclass(frozen=True)
class About:
    """What does not change while a preview runs.

    Attributes:
        title: Title of the page.
        labels: Expressions in the order of the scores.
        run: Text that differs in each start of the program.
        camera: Name of the camera.
        source: Description of the source.
        model: Name of the model.
        meaning: Sentence that says what a score means.
        privacy: Whether no picture is sent.
    """

    title: str
    labels: tuple[str, ...]
    run: str
    camera: str
    source: str
    model: str
    meaning: str
    privacy: bool


def about_json(about: About) -> Json:
    """Describe what does not change, without the title."""
    return {
        "run": about.run,
        "camera": about.camera,
        "source": about.source,
        "model": about.model,
        "labels": about.labels,
        "colours": {label: css_colour(colour) for label, colour in label_colours(about.labels).items()},
        "meaning": about.meaning,
        "privacy": about.privacy,
    }


def stream_json(condition: Condition) -> Json:
    """Describe the state of the stream."""
    lasted_s = time.monotonic() - condition.since
    return {
        "state": condition.state.value,
        "since": round(time.time() - lasted_s, 1),
        "for_s": round(max(lasted_s, 0.0), 1),
        "reason": condition.reason,
    }


def speed_json(pace: Pace, temperature: float | None) -> Json:
    """Describe rate, delay, temperature in degrees Celsius, and where a frame's time goes."""
    parts = {stage: round(value, 3) for stage, value in pace.breakdown_ms.items()}
    return {
        "fps": round(pace.fps, 2),
        "delay_ms": None if pace.delay_ms is None else round(pace.delay_ms, 1),
        "temperature": temperature,
        "frame_ms": round(sum(parts.values()), 3) if parts else None,
        "breakdown_ms": parts,
    }


def faces_json(result: FrameResult, labels: tuple[str, ...]) -> list[Json]:
    """Describe the faces of a frame; `labels` are the expressions in the order of the scores."""
    return [face_json(face, labels) for face in result.faces]


def spans_json(spans: Iterable[Span]) -> list[list[Any]]:
    """Describe spans of the timeline."""
    return [[span.track_id, span.label, round(span.start, 2), round(span.end, 2)] for span in spans]


def change_json(change: Change) -> Json:
    """Describe one change."""
    return {
        "number": change.number,
        **event_json(change.event),
        "time": round(change.event.time, 3),
        "moment": round(change.moment, 3),
        "picture": None if change.picture is None else f"api/changes/{change.number}.jpg",
    }


def totals_json(totals: Totals) -> Json:
    """Describe the summary."""
    return {
        "frames": totals.frames,
        "persons": totals.persons,
        "duration_s": round(totals.duration_s, 3),
        "shares": totals.shares,
    }


def smoothing_json(smoothing: Smoothing) -> Json:
    """Describe the settings that visitors may change."""
    return {"threshold": smoothing.threshold, "smoothing_s": smoothing.seconds}


def stretch_json(stretch: Stretch, now: float, span_s: int) -> Json:
    """Describe the history of the last `span_s` seconds until `now`."""
    return {
        "now": round(now, 3),
        "clock_offset": clock_offset(),
        "span_s": span_s,
        "resolution_s": stretch.resolution_s,
        "watched_s": round(stretch.watched_s, 2),
        "someone_s": round(stretch.someone_s, 2),
        "shares": stretch.shares,
        "buckets": [vars(bucket) for bucket in stretch.buckets],
    }


def clock_offset() -> float:
    """Return the seconds from the monotonic clock to the time of day, as known now."""
    return round(time.time() - time.monotonic(), 3)
