"""Faces and events as JSON objects, the same for every output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fer_edge.runtime.results import Event, FaceResult


def track_json(face: FaceResult) -> dict[str, Any]:
    """Describe a face by its track and expression alone."""
    return {"id": face.track_id, "label": face.label}


def face_json(face: FaceResult, labels: tuple[str, ...]) -> dict[str, Any]:
    """Describe a face: the box in pixels to 0.1, confidence and scores (0..1) to four decimals.

    Args:
        face: The face.
        labels: Expressions in the order of its scores.
    """
    scores = dict(zip(labels, face.scores, strict=True))
    return {
        "id": face.track_id,
        **expression_json(face.box_xyxy, face.confidence, face.label, face.score, scores),
    }


def expression_json(
    box: Iterable[float], confidence: float, label: str, score: float, scores: Mapping[str, float]
) -> dict[str, Any]:
    """Describe a face without its track, as `face_json` does."""
    return {
        "box": [round(float(value), 1) for value in box],
        "confidence": round(confidence, 4),
        "label": label,
        "score": round(score, 4),
        "scores": {name: round(float(each), 4) for name, each in scores.items()},
    }


def event_json(event: Event, kind_key: str = "event") -> dict[str, Any]:
    """Describe an event without its time; `kind_key` names the member that holds its kind."""
    members: dict[str, Any] = {kind_key: event.kind.value, "id": event.track_id, "label": event.label}
    return members if event.previous is None else {**members, "previous": event.previous}
