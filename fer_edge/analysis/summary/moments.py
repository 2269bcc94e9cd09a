"""Moments at which a face's expression changed most."""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from fer_edge.analysis.rows import FaceRow
from fer_edge.runtime.results import UNCERTAIN

MOST_MOMENTS = 10
"""Number of moments that are kept of a file."""

_REACH_S = 1.0
"""Least time between the scores that are compared: a smoothed change takes about as long."""

_SLOT_S = 0.1
"""Duration of a slot, of which a track's first frame is remembered; slots count from the video's beginning."""

_ROUNDING = 1e-6

_APART_S = 1.5
"""Least time between two moments of a track."""

_MOST_TRACKS = 64
"""Tracks that are remembered, those seen last; limits the memory, whatever the number of faces."""

_PLACES = 4

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Moment:
    """A change of a face's expression.

    Attributes:
        before: The face before the change.
        after: The face after it.
        strength: Total variation distance between the two faces' scores, 0..1.
    """

    before: FaceRow
    after: FaceRow
    strength: float


@dataclass(order=True)
class Kept(Generic[Seen]):
    """A moment and what was seen with its two faces; the weakest, and of these the latest, sorts first."""

    rank: tuple[float, float, int]
    moment: Moment = field(compare=False)
    seen: tuple[Seen, Seen] = field(compare=False)


@dataclass
class _Track(Generic[Seen]):
    history: deque[tuple[FaceRow, Seen]] = field(default_factory=deque)
    pending: Kept[Seen] | None = None


class MomentFinder(Generic[Seen]):
    """Finds the moments that changed most in the rows of one file, in bounded memory.

    The scores of a face are compared with those of at least a second before; both must have a label, and not the same.
    """

    def __init__(self, keep: int = MOST_MOMENTS) -> None:
        """Start a file, of which the `keep` strongest moments are kept."""
        self._keep = keep
        self._best: list[Kept[Seen]] = []
        self._tracks: OrderedDict[int, _Track[Seen]] = OrderedDict()

    def add(self, row: FaceRow, seen: Seen) -> None:
        """Add a face, with what to remember of it; rows come in the order of their frames."""
        if row.track is None or row.seconds is None:
            return
        track = self._tracks.setdefault(row.track, _Track())
        self._tracks.move_to_end(row.track)
        if len(self._tracks) > _MOST_TRACKS:
            self._settle(self._tracks.popitem(last=False)[1])
        before = _newest_before(track.history, row.seconds - _REACH_S)
        if before is not None and _has_changed(before[0], row):
            self._propose(track, before, (row, seen))
        if not track.history or _slot(track.history[-1][0]) < _slot(row):
            track.history.append((row, seen))

    def best(self) -> list[Kept[Seen]]:
        """Return the moments of the rows so far, the strongest first."""
        for track in self._tracks.values():
            self._settle(track)
        return sorted(self._best, reverse=True)

    def _propose(self, track: _Track[Seen], before: tuple[FaceRow, Seen], after: tuple[FaceRow, Seen]) -> None:
        seconds = after[0].seconds or 0.0
        moment = Moment(before[0], after[0], _distance(before[0].scores, after[0].scores))
        candidate = Kept((moment.strength, -seconds, -(after[0].track or 0)), moment, (before[1], after[1]))
        pending = track.pending
        if pending is not None and seconds - (pending.moment.after.seconds or 0.0) >= _APART_S:
            self._settle(track)
            pending = None
        if pending is None or candidate > pending:
            track.pending = candidate

    def _settle(self, track: _Track[Seen]) -> None:
        if track.pending is None:
            return
        heapq.heappush(self._best, track.pending)
        track.pending = None
        if len(self._best) > self._keep:
            heapq.heappop(self._best)


def _newest_before(history: deque[tuple[FaceRow, Seen]], seconds: float) -> tuple[FaceRow, Seen] | None:
    """Return the newest face at `seconds` or before, and forget those before it."""
    while len(history) > 1 and (history[1][0].seconds or 0.0) <= seconds:
        history.popleft()
    return history[0] if history and (history[0][0].seconds or 0.0) <= seconds else None


def _slot(row: FaceRow) -> int:
    return int((row.seconds or 0.0) / _SLOT_S + _ROUNDING)


def _has_changed(before: FaceRow, after: FaceRow) -> bool:
    return before.label != after.label and UNCERTAIN not in (before.label, after.label)


def _distance(scores: tuple[float, ...], others: tuple[float, ...]) -> float:
    return round(sum(abs(a - b) for a, b in zip(scores, others, strict=True)) / 2, _PLACES)
