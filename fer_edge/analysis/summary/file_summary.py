"""What the tables say of one file, in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from fer_edge.analysis.summary.moments import Moment, MomentFinder
from fer_edge.analysis.summary.time_bins import BINS, TimeBins
from fer_edge.analysis.tables import FaceRow, TrackRow
from fer_edge.runtime.results import UNCERTAIN

SHORT_S = 1.0
"""Tracks that last less are folded."""

MOST_PERSONS = 40
"""Tracks of a file that get a timeline of their own, those with most frames."""

_LONGEST_GAP_S = 1.0
"""Longest time for which the detector may miss a face without a gap in its timeline."""
_LONGEST_GAP_STEPS = 2.5
"""The same in analysed frames, where these are far apart."""


@dataclass(frozen=True, eq=False)
class Person:
    """A track with its timeline."""

    track: TrackRow
    bins: TimeBins


@dataclass(frozen=True, eq=False)
class FileSummary:
    """What is shown of one video or log.

    Attributes:
        duration_s: Duration, in seconds.
        faces: Number of faces in all frames.
        labels: Number of these with each label, "uncertain" included.
        tracks: Number of tracks.
        short_tracks: Number of those that last less than `SHORT_S`.
        persons: Tracks with a timeline, in the order of their numbers; short ones only if there is no other.
        everyone: Timeline of all tracks together.
        moments: Moments that changed most, the strongest first.
    """

    duration_s: float
    faces: int
    labels: Counter[str]
    tracks: int
    short_tracks: int
    persons: tuple[Person, ...]
    everyone: TimeBins
    moments: tuple[Moment, ...]

    @property
    def persons_seen(self) -> int:
        """Number of persons: tracks that last, or all tracks if none does."""
        return self.tracks - self.short_tracks or self.tracks

    @property
    def shares(self) -> dict[str, float]:
        """Share of the faces with each label, 0..1, without "uncertain"."""
        return {label: count / self.faces for label, count in self.labels.items() if label != UNCERTAIN}


def summarize_file(
    tracks: Iterable[TrackRow], faces: Iterable[FaceRow], *, last_s: float, step_s: float
) -> FileSummary:
    """Summarize a file's rows of both tables, each in order; neither is held in memory.

    Args:
        tracks: Its rows of the table of tracks.
        faces: Its rows of the table of faces.
        last_s: Time of its last frame, in seconds.
        step_s: Time between two analyzed frames, in seconds.
    """
    seen = _count_tracks(tracks)
    duration_s = max(last_s, seen.end_s) + step_s or _LONGEST_GAP_S
    chosen = sorted(seen.chosen, key=lambda track: track.track)
    persons = {track.track: Person(track, TimeBins(duration_s / BINS)) for track in chosen}
    everyone = TimeBins(duration_s / BINS)
    finder: MomentFinder[None] = MomentFinder()
    stretches = _Stretches(step_s)
    labels: Counter[str] = Counter()
    for row in faces:
        labels[row.label] += 1
        finder.add(row, None)
        for start_s, end_s, last in stretches.after(row):
            _add(everyone, persons, start_s, end_s, last)
    for start_s, end_s, last in stretches.rest():
        _add(everyone, persons, start_s, end_s, last)
    moments = tuple(kept.moment for kept in finder.best())
    shown = tuple(persons.values())
    return FileSummary(duration_s, labels.total(), labels, seen.count, seen.short, shown, everyone, moments)


@dataclass
class _Tracks:
    """Counts of a file's tracks; those with most frames."""

    chosen: list[TrackRow]
    count: int = 0
    short: int = 0
    end_s: float = 0.0


def _count_tracks(tracks: Iterable[TrackRow]) -> _Tracks:
    found = _Tracks([])
    # The frames decide; of equally many, the earlier track stays.
    best: list[tuple[bool, int, int, TrackRow]] = []
    for track in tracks:
        is_short = track.to_s - track.from_s < SHORT_S
        found.count += 1
        found.short += is_short
        found.end_s = max(found.end_s, track.to_s)
        heapq.heappush(best, (not is_short, track.frames, -track.track, track))
        if len(best) > MOST_PERSONS:
            heapq.heappop(best)
    lasting = [track for is_lasting, *_, track in best if is_lasting]
    found.chosen = lasting or [track for *_, track in best]
    return found


class _Stretches:
    """Times that rows stand for: each until the next of its track, or for one step if that is far off."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._longest_s = max(_LONGEST_GAP_S, _LONGEST_GAP_STEPS * step_s)
        self._last: dict[int, FaceRow] = {}
        self._frame = -1

    def after(self, row: FaceRow) -> Iterable[tuple[float, float, FaceRow]]:
        """Return the stretches that are known to have ended, now that `row` has come."""
        if row.track is None or row.seconds is None:
            return []
        ended = []
        if row.frame != self._frame:
            self._frame = row.frame
            ended = [each for each in self._last.values() if row.seconds - (each.seconds or 0.0) > self._longest_s]
        found = [self._step(self._last.pop(each.track)) for each in ended if each.track is not None]
        last = self._last.pop(row.track, None)
        if last is not None and last.seconds is not None:
            found.append((last.seconds, row.seconds, last))
        self._last[row.track] = row
        return found

    def rest(self) -> Iterable[tuple[float, float, FaceRow]]:
        """Return the last stretches."""
        return map(self._step, self._last.values())

    def _step(self, row: FaceRow) -> tuple[float, float, FaceRow]:
        start_s = row.seconds or 0.0
        return start_s, start_s + self._step_s, row


def _add(everyone: TimeBins, persons: dict[int, Person], start_s: float, end_s: float, row: FaceRow) -> None:
    score = max(row.scores)
    everyone.add(start_s, end_s, row.label, score)
    person = persons.get(row.track or 0)
    if person is not None:
        person.bins.add(start_s, end_s, row.label, score)
