"""Messages to a browser: server-sent events with JSON, and the parts of a motion JPEG."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import cv2

from fer_edge.preprocess import Image, shrink
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.json_form import face_json
from fer_edge.runtime.sinks.pace import Pace
from fer_edge.runtime.sinks.palette import css_colour, label_colours
from fer_edge.runtime.sinks.preview.timeline import HISTORY_S, Span
from fer_edge.runtime.sources.source import Frame

EVENTS_TYPE = "text/event-stream"
HEARTBEAT = b":\n\n"
"""Comment of an event stream, by which both ends notice a broken connection."""

_BOUNDARY = "picture"
PICTURES_TYPE = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
PICTURES_START = f"--{_BOUNDARY}\r\n".encode()

_LONGEST_SIDE = 960
_QUALITY = 80


def hello(
    title: str, labels: tuple[str, ...], privacy: bool, meaning: str, spans: Iterable[Span], clock_offset: float
) -> bytes:
    """Return the first event of a stream: what does not change, and the timeline so far.

    Args:
        title: Title of the page.
        labels: Expressions in the order of the scores.
        privacy: Whether no picture is sent.
        meaning: Sentence that says what a score means.
        spans: Timeline so far, in seconds of the monotonic clock.
        clock_offset: Seconds from the monotonic clock to the time of day, as known now.
    """
    members = {
        "title": title,
        "labels": labels,
        "colours": {label: css_colour(colour) for label, colour in label_colours(labels).items()},
        "privacy": privacy,
        "meaning": meaning,
        "history_s": HISTORY_S,
        "spans": _describe_spans(spans),
        "clock_offset": round(clock_offset, 3),
    }
    return b"event: hello\n" + _event(members)


def frame_event(
    frame: Frame,
    result: FrameResult,
    labels: tuple[str, ...],
    pace: Pace,
    temperature: float | None,
    spans: Iterable[Span],
) -> bytes:
    """Return the event of one frame's result, with the spans that it may have changed."""
    height, width = frame.image.shape[:2]
    return _event(
        {
            "frame": result.number,
            "time": round(result.time, 3),
            "moment": round(frame.taken_at, 3),
            "clock_offset": round(result.time - frame.taken_at, 3),
            "size": [width, height],
            "faces": [face_json(face, labels) for face in result.faces],
            "fps": round(pace.fps, 2),
            "stages_ms": {stage: round(value, 3) for stage, value in pace.stages_ms.items()},
            "temperature": temperature,
            "spans": _describe_spans(spans),
        }
    )


def picture_part(image: Image, number: int) -> bytes:
    """Return a frame, uint8 (H, W, 3) BGR, as one part of a motion JPEG; large frames are scaled down.

    The part includes the boundary of the next, as browsers show a part only when they have received that.
    """
    _, encoded = cv2.imencode(".jpg", shrink(image, _LONGEST_SIDE), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    jpeg = encoded.tobytes()
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Frame: {number}\r\n\r\n"
    return head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode()


def _describe_spans(spans: Iterable[Span]) -> list[list[Any]]:
    return [[span.track_id, span.label, round(span.start, 2), round(span.end, 2)] for span in spans]


def _event(members: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(members, separators=(',', ':'))}\n\n".encode()
