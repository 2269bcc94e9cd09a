"""Events: a face appears, changes its expression or leaves."""

from __future__ import annotations

from collections.abc import Iterator

from fer_edge.runtime.faces.tracker import Track
from fer_edge.runtime.results import Event, EventKind


class EventReporter:
    """Compares each frame's tracks with what was reported before, so that nothing is reported twice."""

    def __init__(self) -> None:
        """Begin with nothing reported."""
        self._labels: dict[int, str] = {}

    def report(self, seen: list[Track], gone: list[Track], time: float) -> tuple[Event, ...]:
        """Return a frame's events.

        Args:
            seen: Tracks that the frame shows, with their scores.
            gone: Tracks dropped since the last frame.
            time: Time of the frame in seconds since 1970.
        """
        return (*self._departures(gone, time), *self._changes(seen, time))

    def _departures(self, gone: list[Track], time: float) -> Iterator[Event]:
        for track in gone:
            label = self._labels.pop(track.track_id, None)
            if label is not None:
                yield Event(EventKind.LEFT, track.track_id, time, label)

    def _changes(self, seen: list[Track], time: float) -> Iterator[Event]:
        for track in seen:
            label, before = track.history.label, self._labels.get(track.track_id)
            self._labels[track.track_id] = label
            if before is None:
                yield Event(EventKind.APPEARED, track.track_id, time, label)
            elif label != before:
                yield Event(EventKind.CHANGED, track.track_id, time, label, before)
