"""Seconds of each expression in the last day: per second for ten minutes, per minute before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.runtime.results import UNCERTAIN, FrameResult
from fer_edge.runtime.sinks.totals import shares_of

SHORTEST_SPAN_S = 60
LONGEST_SPAN_S = 24 * 3600
_FINE_SPAN_S = 600
_FINE_S, _COARSE_S = 1, 60
_WATCHED, _SOMEONE = 0, 1
"""Columns before those of the labels."""

_Row = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Bucket:
    """Seconds of each label within one second or minute.

    Attributes:
        start: Its beginning, in seconds of the monotonic clock.
        watched_s: Seconds in which frames came.
        someone_s: Seconds of these with at least one face.
        faces_s: Seconds of faces by label, without labels that were not seen.
    """

    start: int
    watched_s: float
    someone_s: float
    faces_s: dict[str, float]


@dataclass(frozen=True)
class Stretch:
    """Buckets of a span until now.

    Attributes:
        resolution_s: Length of a bucket, 1 or 60.
        buckets: Those in which frames came, oldest first.
    """

    resolution_s: int
    buckets: list[Bucket]

    @property
    def watched_s(self) -> float:
        """Seconds in which frames came."""
        return sum(bucket.watched_s for bucket in self.buckets)

    @property
    def someone_s(self) -> float:
        """Seconds with at least one face."""
        return sum(bucket.someone_s for bucket in self.buckets)

    @property
    def shares(self) -> dict[str, float]:
        """Share of each label of all faces' seconds, the largest first."""
        seconds: Counter[str] = Counter()
        for bucket in self.buckets:
            seconds.update(bucket.faces_s)
        return shares_of(seconds)


class History:
    """Adds up seconds by label in rings of buckets, whose memory is fixed."""

    def __init__(self, labels: tuple[str, ...], longest_gap_s: float) -> None:
        """Start empty.

        Args:
            labels: Expressions.
            longest_gap_s: Longest time from one frame to the next that counts as watched.
        """
        self._labels = (*labels, UNCERTAIN)
        self._columns = {label: number for number, label in enumerate(self._labels, _SOMEONE + 1)}
        self._longest_gap_s = longest_gap_s
        self._last: float | None = None
        columns = _SOMEONE + 1 + len(self._labels)
        self._fine = _Ring(_FINE_S, _FINE_SPAN_S // _FINE_S + 1, columns)
        self._coarse = _Ring(_COARSE_S, LONGEST_SPAN_S // _COARSE_S + 1, columns)

    def add(self, moment: float, result: FrameResult) -> None:
        """Add the time since the last frame, as this one shows it.

        Args:
            moment: Time of the frame's capture, in seconds of the monotonic clock.
            result: The frame's result.
        """
        last, self._last = self._last, moment
        if last is None or not 0 < moment - last <= self._longest_gap_s:
            return
        weights = np.zeros(_SOMEONE + 1 + len(self._labels), np.float32)
        weights[_WATCHED], weights[_SOMEONE] = 1, bool(result.faces)
        for face in result.faces:
            weights[self._columns[face.label]] += 1
        self._fine.add(last, moment, weights)
        self._coarse.add(last, moment, weights)

    def until(self, now: float, span_s: int) -> Stretch:
        """Return what was seen in the last `span_s` seconds, at most `LONGEST_SPAN_S`."""
        ring = self._fine if span_s <= _FINE_SPAN_S else self._coarse
        return Stretch(ring.width_s, [self._bucket(start, row) for start, row in ring.since(now - span_s)])

    def _bucket(self, start: int, row: _Row) -> Bucket:
        seconds = [round(float(value), 2) for value in row]
        faces_s = {label: value for label, value in zip(self._labels, seconds[_SOMEONE + 1 :], strict=True) if value}
        return Bucket(start, seconds[_WATCHED], seconds[_SOMEONE], faces_s)


class _Ring:
    """Sums in buckets of equal length, of which the newest are kept."""

    def __init__(self, width_s: int, count: int, columns: int) -> None:
        self.width_s = width_s
        self._sums = np.zeros((count, columns), np.float32)
        self._numbers = np.full(count, -1, np.int64)

    def add(self, start: float, end: float, weights: _Row) -> None:
        """Add the seconds from `start` to `end`, each with `weights`, float32 (columns,)."""
        number = int(start // self.width_s)
        while number * self.width_s < end:
            within_s = min(end, (number + 1) * self.width_s) - max(start, number * self.width_s)
            place = number % len(self._numbers)
            if self._numbers[place] != number:
                self._numbers[place], self._sums[place] = number, 0
            self._sums[place] += np.float32(within_s) * weights
            number += 1

    def since(self, moment: float) -> Iterator[tuple[int, _Row]]:
        """Yield start and sums, float32 (columns,), of the buckets that ended after `moment`, oldest first."""
        first = moment // self.width_s
        for place in np.argsort(self._numbers):
            if self._numbers[place] >= max(first, 0):
                yield int(self._numbers[place]) * self.width_s, self._sums[place]
