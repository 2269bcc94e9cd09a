"""Record of a preview's stream: the newest result, and everything that is kept of earlier ones."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from fer_edge.preprocess import Image
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.pace import Pace
from fer_edge.runtime.sinks.preview.changes import Changes, cut_faces
from fer_edge.runtime.sinks.preview.condition import Watch, patience_s
from fer_edge.runtime.sinks.preview.history import History
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.logs import RecentLog
from fer_edge.runtime.sinks.preview.metrics import Metrics
from fer_edge.runtime.sinks.preview.timeline import Timeline
from fer_edge.runtime.sinks.totals import Totals
from fer_edge.runtime.sources.source import Frame


@dataclass(frozen=True, eq=False)
class Newest:
    """The newest frame and its result.

    Attributes:
        serial: Number of frames until this one.
        frame: The frame with its picture.
        result: Its result.
    """

    serial: int
    frame: Frame
    result: FrameResult


@dataclass(frozen=True, eq=False)
class _Arrival:
    """A result, when it came by the monotonic clock, and pictures of the faces to which something happened."""

    moment: float
    frame: Frame
    result: FrameResult
    faces: dict[int, Image]


class Record:
    """Keeps what clients may ask for, in bounded memory. For use in one thread, except `take` and `finish`.

    Attributes:
        newest: The newest frame; `None` before the first.
        condition: State of the stream when it was last observed.
        metrics: Counts for Prometheus.
        pace: Rate, delay and stage times.
        timeline: Expressions of each face in the last minutes.
        history: Seconds of each expression in the last day.
        changes: Faces that came, changed or left.
        totals: Summary.
        log: Recent results.
    """

    def __init__(self, labels: tuple[str, ...], links: StreamLinks, *, privacy: bool) -> None:
        """Start empty.

        Args:
            labels: Expressions in the order of the scores.
            links: Ways to the stream's parts.
            privacy: Keep no picture of a face.
        """
        now = time.monotonic()
        self.newest: Newest | None = None
        self.metrics = Metrics(labels)
        self.pace = Pace()
        self.timeline = Timeline()
        self.history = History(labels, patience_s(links.interval_s))
        self.changes = Changes()
        self.totals = Totals()
        self.log = RecentLog(labels)
        self._links = links
        self._privacy = privacy
        self._watch = Watch(now, links.interval_s)
        self.condition = self._watch.observe(now, None)
        self._arrived: deque[_Arrival] = deque()
        self._is_over = False

    def take(self, frame: Frame, result: FrameResult) -> None:
        """Take the newest result, from any thread.

        The event loop is not woken, as the caller would then wait while it runs. Of all frames but the newest, only
        faces are kept, lest pictures pile up while the loop is busy.
        """
        faces = cut_faces(frame.image, result) if result.events and not self._privacy else {}
        serial = self.newest.serial + 1 if self.newest is not None else 1
        self.newest = Newest(serial, frame, result)
        self._arrived.append(_Arrival(time.monotonic(), frame.without_image(), result, faces))

    def finish(self) -> None:
        """Record, from any thread, that the stream has ended by itself."""
        self._is_over = True

    def absorb(self) -> bool:
        """Add what has come since the last call; return whether there is a new frame."""
        if not self._arrived:
            return False
        while self._arrived:
            newest = self._arrived.popleft()
            self._add(newest)
        now = time.monotonic()
        self.pace.add_delay(now, now - newest.frame.taken_at)
        return True

    def observe(self) -> bool:
        """Determine the stream's state now; return whether it is another."""
        before, now = self.condition, time.monotonic()
        if self._is_over and not self._arrived:
            self._watch.finish(now)
            self._is_over = False
        self.condition = self._watch.observe(now, self._links.outage())
        return self.condition != before

    def _add(self, arrival: _Arrival) -> None:
        frame, result = arrival.frame, arrival.result
        self._watch.add_frame(arrival.moment)
        self.metrics.add(result)
        self.pace.add(arrival.moment, result)
        self.timeline.add(frame.taken_at, result)
        self.history.add(frame.taken_at, result)
        self.changes.add(frame.taken_at, result, arrival.faces)
        self.totals.add(frame, result)
        self.log.add(frame, result)
