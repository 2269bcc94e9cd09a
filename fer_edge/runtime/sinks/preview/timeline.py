"""Which expression each face showed from when to when, over the last minutes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from fer_edge.runtime.results import FrameResult

HISTORY_S = 600.0

_LONGEST_GAP_S = 1.0
"""A face that frames were without for longer has left; one that is back sooner was only missed in between."""

_MOST_SPANS = 2000


@dataclass
class Span:
    """A time in which a face showed one expression, in seconds of a clock that nobody sets."""

    track_id: int
    label: str
    start: float
    end: float


class Timeline:
    """Remembers spans, as many as `HISTORY_S` seconds hold, and not without limit."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._spans: deque[Span] = deque(maxlen=_MOST_SPANS)
        self._latest: dict[int, Span] = {}

    def add(self, moment: float, result: FrameResult) -> None:
        """Take what one frame shows that was taken at `moment`, in seconds of `time.monotonic()`."""
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
        """Return the spans that lasted until `moment` or longer, by their beginning."""
        return [span for span in self._spans if span.end >= moment]
