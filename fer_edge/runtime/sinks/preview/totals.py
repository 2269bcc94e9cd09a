"""Summary of what a preview has shown: frames, persons, duration and the share of each expression."""

from __future__ import annotations

from collections import Counter, OrderedDict

from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.preview.history import shares_of
from fer_edge.runtime.sources.source import Frame

_MOST_KNOWN = 1000
"""Tracks remembered to count each once: numbers are never used again, and few tracks exist at a time."""


class Totals:
    """Counts results as they come, in bounded memory.

    Attributes:
        frames: Number of frames.
        persons: Number of tracks; of unrelated pictures, of faces.
        labels: Number of faces with each label, in all frames.
        duration_s: Seconds from the first frame to the last on the source's own clock.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.frames = 0
        self.persons = 0
        self.labels: Counter[str] = Counter()
        self.duration_s = 0.0
        self._first: float | None = None
        self._known: OrderedDict[int, None] = OrderedDict()

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Count one frame."""
        self.frames += 1
        self._first = frame.moment if self._first is None else self._first
        self.duration_s = max(frame.moment - self._first, self.duration_s)
        for face in result.faces:
            self.labels[face.label] += 1
            self._count(face.track_id)

    @property
    def shares(self) -> dict[str, float]:
        """Share of each label of all faces, the largest first."""
        return shares_of(self.labels)

    def _count(self, track_id: int) -> None:
        if track_id not in self._known:
            self.persons += 1
            self._known[track_id] = None
        self._known.move_to_end(track_id)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
