"""Timeline of the expressions that each face showed in the last minutes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from fer_edge.runtime.results import FrameResult

HISTORY_S = 600.0

_LONGEST_GAP_S = 1.0
"""Longest time for which the detector may miss a face without ending its span."""

_MOST_SPANS = 2000


@dataclass
class Span:
    """Time in which a face showed one expression, in seconds of the monotonic clock."""

    track_id: int
    label: str
    start: float
    end: float


class Timeline:
    """Keeps the spans of the last `HISTORY_S` seconds, `_MOST_SPANS` at most."""

    def __init__(self) -> None:
        """Start without spans."""
        self._spans: deque[Span] = deque(maxlen=_MOST_SPANS)
        self._latest: dict[int, Span] = {}

    def add(self, moment: float, result: FrameResult) -> None:
        """Add the result of a frame captured at `moment`, in seconds of `time.monotonic()`."""
        for face in result.faces:
            span = self._latest.get(face.track_id)
            if span is not None and span.label == face.label:
                span.end = moment
            else:
                span = Span(face.track_id, face.label, moment, moment)
                self._spans.append(span)
                self._latest[face.track_id] = span
        self._latest = {
            track_id: span for track_id, span in self._latest.items() if moment - span.end <= _LONGEST_GAP_S
        }
        while self._spans and self._spans[0].end < moment - HISTORY_S:
            self._spans.popleft()

    def since(self, moment: float) -> list[Span]:
        """Return the spans that lasted until `moment` or longer, ordered by their start."""
        return [span for span in self._spans if span.end >= moment]
