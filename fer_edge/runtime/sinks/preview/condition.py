"""State of a preview's stream: whether frames come, and if not, why and since when."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fer_edge.runtime.sources.source import Outage

_PATIENCE_S = 5.0
_PATIENCE_FRAMES = 3
"""Frames that may be missing of a source that gives few."""


class StreamState(str, Enum):
    """States of a stream."""

    WAITING = "waiting"
    LIVE = "live"
    FROZEN = "frozen"
    RECONNECTING = "reconnecting"
    FINISHED = "finished"


@dataclass(frozen=True)
class Condition:
    """State of a stream.

    Attributes:
        state: The state.
        since: Its beginning, in seconds of the monotonic clock.
        reason: Sentence for people; empty if none is known.
    """

    state: StreamState
    since: float
    reason: str = ""


class Watch:
    """Decides the state of a stream from its frames, its source's outages and its end."""

    def __init__(self, started: float, interval_s: float) -> None:
        """Start without a frame.

        Args:
            started: Now, in seconds of the monotonic clock.
            interval_s: Longest expected time from one frame to the next; 0 if it is short.
        """
        self._patience_s = patience_s(interval_s)
        self._last_frame: float | None = None
        self._condition = Condition(StreamState.WAITING, started)

    def add_frame(self, moment: float) -> None:
        """Record a frame that came at `moment`."""
        self._last_frame = moment
        if self._condition.state is not StreamState.LIVE:
            self._condition = Condition(StreamState.LIVE, moment)

    def observe(self, now: float, outage: Outage | None) -> Condition:
        """Return the state now.

        Args:
            now: Seconds of the monotonic clock.
            outage: The source's outage, if it is in one.
        """
        if self._condition.state is not StreamState.FINISHED:
            self._condition = self._observe(now, outage)
        return self._condition

    def finish(self, now: float) -> None:
        """Record that the stream has ended by itself; later outages do not count."""
        self._condition = Condition(StreamState.FINISHED, now)

    def _observe(self, now: float, outage: Outage | None) -> Condition:
        since = self._condition.since if self._last_frame is None else self._last_frame
        if outage is not None:
            state = StreamState.FROZEN if outage.frozen else StreamState.RECONNECTING
            return Condition(state, since, outage.reason)
        if self._condition.state is StreamState.LIVE and now - since > self._patience_s:
            return Condition(StreamState.FROZEN, since)
        return self._condition


def patience_s(interval_s: float) -> float:
    """Return the seconds without a frame after which a camera counts as frozen."""
    return max(_PATIENCE_S, _PATIENCE_FRAMES * interval_s)
