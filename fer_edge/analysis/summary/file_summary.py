"""Summary of one file's rows in the tables, in bounded memory."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fer_edge.analysis.rows import FaceRow, TrackRow
from fer_edge.analysis.summary.moments import Moment, MomentFinder
from fer_edge.analysis.summary.time_bins import BINS, TimeBins
from fer_edge.runtime.results import UNCERTAIN

SHORT_S = 1.0
"""Duration below which tracks are folded."""

MOST_PERSONS = 40
"""Tracks of a file that get a timeline of their own, those with most frames."""

_LONGEST_GAP_S = 1.0
"""Longest time without a face that makes no gap in its timeline."""
_LONGEST_GAP_STEPS = 2.5
"""The same in analyzed frames, where these are far apart."""


@dataclass(frozen=True, eq=False)
class Person:
    """A track with its timeline."""

    track: TrackRow
    bins: TimeBins


@dataclass(frozen=True, eq=False)
class FileSummary:
    """Summary of one video or log.

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
    tracks: Iterable[TrackRow], faces: Iterable[FaceRow], labels: Sequence[str], *, last_s: float, step_s: float
) -> FileSummary:
    """Summarize a file's rows of both tables, each in order; neither is held in memory.

    Args:
        tracks: Its rows of the table of tracks.
        faces: Its rows of the table of faces.
        labels: Expressions, in the order of the scores.
        last_s: Time of its last frame, in seconds.
        step_s: Time between two analyzed frames, in seconds.
    """
    seen = _count_tracks(tracks)
    duration_s = max(last_s, seen.end_s) + step_s or _LONGEST_GAP_S
    chosen = sorted(seen.chosen, key=lambda track: track.track)
    persons = {track.track: Person(track, TimeBins(duration_s / BINS)) for track in chosen}
    everyone = TimeBins(duration_s / BINS)
    finder: MomentFinder[None] = MomentFinder()
    counts: Counter[str] = Counter()
    for start_s, end_s, row in _stretches(_observed(faces, counts, finder), step_s):
        score = row.scores[labels.index(row.label)] if row.label in labels else max(row.scores)
        everyone.add(start_s, end_s, row.label, score)
        if row.track in persons:
            persons[row.track].bins.add(start_s, end_s, row.label, score)
    moments = tuple(kept.moment for kept in finder.best())
    shown = tuple(persons.values())
    return FileSummary(duration_s, counts.total(), counts, seen.count, seen.short, shown, everyone, moments)


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


def _observed(faces: Iterable[FaceRow], counts: Counter[str], finder: MomentFinder[None]) -> Iterator[FaceRow]:
    """Yield the rows, count their labels and look for moments."""
    for row in faces:
        counts[row.label] += 1
        finder.add(row, None)
        yield row


def _stretches(rows: Iterable[FaceRow], step_s: float) -> Iterator[tuple[float, float, FaceRow]]:
    """Yield the time that each row stands for: until the next of its track, or one step if that is far off."""
    longest_s = max(_LONGEST_GAP_S, _LONGEST_GAP_STEPS * step_s)
    latest: dict[int, tuple[float, FaceRow]] = {}
    for row in rows:
        if row.track is None or row.seconds is None:
            continue
        for track in [each for each, (start_s, _) in latest.items() if row.seconds - start_s > longest_s]:
            start_s, lost = latest.pop(track)
            yield start_s, start_s + step_s, lost
        if row.track in latest:
            start_s, last = latest.pop(row.track)
            yield start_s, row.seconds, last
        latest[row.track] = row.seconds, row
    for start_s, last in latest.values():
        yield start_s, start_s + step_s, last
