"""Totals of a stream or of pictures: frames, faces, persons, duration and the share of each expression."""

from __future__ import annotations

from collections import Counter

from fer_edge.runtime.results import EventKind, FrameResult
from fer_edge.runtime.sources.source import Frame

_PLACES = 4


class Totals:
    """Counts results as they come.

    Attributes:
        frames: Number of frames.
        appeared: Number of faces that appeared in a stream; one that stays is counted once, and pictures count none.
        labels: Number of faces with each label, in all frames.
        duration_s: Seconds from the first frame to the last on the source's own clock.
    """

    def __init__(self) -> None:
        """Start at zero."""
        self.frames = 0
        self.appeared = 0
        self.labels: Counter[str] = Counter()
        self.duration_s = 0.0
        self._first: float | None = None

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Count one frame."""
        self.frames += 1
        self._first = frame.moment if self._first is None else self._first
        self.duration_s = max(frame.moment - self._first, self.duration_s)
        self.appeared += sum(event.kind is EventKind.APPEARED for event in result.events)
        self.labels.update(face.label for face in result.faces)

    @property
    def faces(self) -> int:
        """Faces of all frames together."""
        return self.labels.total()

    @property
    def persons(self) -> int:
        """Faces that appeared in a stream; of unrelated pictures, all faces."""
        return self.appeared or self.faces

    @property
    def shares(self) -> dict[str, float]:
        """Share of each label of all faces, the largest first."""
        return shares_of(self.labels)


def shares_of(counts: Counter[str]) -> dict[str, float]:
    """Return each label's share of all, 0..1, the largest first."""
    total = sum(counts.values())
    return {label: round(count / total, _PLACES) for label, count in counts.most_common()} if total else {}
