"""Joining of a file's parts: frames and tracks are numbered consecutively, and each track is summed up."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from fer_edge.analysis.parts import WARM_UP_FRAME, PartReader
from fer_edge.analysis.rows import FaceRow, TrackRow
from fer_edge.analysis.settings import WARM_UP_S
from fer_edge.boxes import BoxArray, from_xywh, overlaps
from fer_edge.runtime.results import UNCERTAIN

_MIN_OVERLAP = 0.5
"""Least intersection over union of a face's boxes in the same frame, seen from the two chunks."""

_SHARE_PLACES = 4


def join_parts(file: str, parts: Iterable[Path], labels: tuple[str, ...]) -> Iterator[FaceRow]:
    """Yield the rows of a file, in the order of its frames.

    Args:
        file: Its name in the tables.
        parts: Its part files, in order.
        labels: Labels of the scores.

    Raises:
        InputError: If a part is damaged.
    """
    tracks, first_frame = _Tracks(), 0
    for path in parts:
        part, before = PartReader(path, labels), []
        numbers: dict[int, int] | None = None
        for row in part:
            if row.frame == WARM_UP_FRAME:
                before.append(row)
                continue
            numbers = tracks.match(before) if numbers is None else numbers
            named = replace(row, file=row.file or file, frame=first_frame + row.frame)
            yield tracks.numbered(named, numbers)
        assert part.facts is not None
        first_frame += part.facts.intervals.frames


class _Tracks:
    """Numbers the tracks of one chunk after another, one that continues keeps its number."""

    def __init__(self) -> None:
        self._last = 0
        self._recent: deque[FaceRow] = deque()

    def match(self, rows: list[FaceRow]) -> dict[int, int]:
        """Return the numbers of tracks that the chunk before has, by their numbers in this chunk.

        Both have seen the frames of the warm-up. The tracks that share the most boxes are the same.

        Args:
            rows: This chunk's rows of the warm-up.
        """
        votes: Counter[tuple[int, int]] = Counter()
        was, now = _by_time(self._recent), _by_time(rows)
        for seconds in was.keys() & now.keys():
            shared = overlaps(_boxes(was[seconds]), _boxes(now[seconds]))
            for i, j in np.argwhere(shared >= _MIN_OVERLAP):
                votes[was[seconds][i].track or 0, now[seconds][j].track or 0] += 1
        numbers: dict[int, int] = {}
        for (known, local), _ in sorted(votes.items(), key=lambda item: (-item[1], item[0])):
            if local not in numbers and known not in numbers.values():
                numbers[local] = known
        return numbers

    def numbered(self, row: FaceRow, numbers: dict[int, int]) -> FaceRow:
        """Return a row with its track's number in the file; one without a match in `numbers` gets the next."""
        if row.track is None or row.seconds is None:
            return row
        if row.track not in numbers:
            self._last += 1
            numbers[row.track] = self._last
        row = replace(row, track=numbers[row.track])
        self._recent.append(row)
        while (self._recent[0].seconds or 0.0) < (row.seconds or 0.0) - WARM_UP_S:
            self._recent.popleft()
        return row


@dataclass
class _Seen:
    """Sums over a track so far."""

    from_s: float
    to_s: float = 0.0
    frames: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    last: str | None = None
    changes: int = 0


class TrackTally:
    """Sums up the tracks of a file."""

    def __init__(self, file: str, labels: tuple[str, ...]) -> None:
        """Begin without a row; `labels` are the model's."""
        self._file = file
        self._labels = labels
        self._tracks: dict[int, _Seen] = {}

    def add(self, row: FaceRow) -> None:
        """Add a face's row; a picture's has no track and is left out."""
        if row.track is None or row.seconds is None:
            return
        seen = self._tracks.setdefault(row.track, _Seen(row.seconds))
        seen.to_s = row.seconds
        seen.frames += 1
        seen.labels[row.label] += 1
        if row.label != UNCERTAIN:
            seen.changes += seen.last not in (None, row.label)
            seen.last = row.label

    def rows(self) -> Iterator[TrackRow]:
        """Yield the rows of the tracks, in the order of their numbers."""
        for track, seen in sorted(self._tracks.items()):
            shares = tuple(round(seen.labels[label] / seen.frames, _SHARE_PLACES) for label in self._labels)
            yield TrackRow(self._file, track, seen.from_s, seen.to_s, seen.frames, shares, seen.changes)


def _by_time(rows: Iterable[FaceRow]) -> dict[float | None, list[FaceRow]]:
    frames: dict[float | None, list[FaceRow]] = {}
    for row in rows:
        frames.setdefault(row.seconds, []).append(row)
    return frames


def _boxes(rows: list[FaceRow]) -> BoxArray:
    return from_xywh(np.array([[row.x, row.y, row.width, row.height] for row in rows], np.float32))
