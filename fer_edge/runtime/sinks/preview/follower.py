"""One client that follows the changes of a stream."""

from __future__ import annotations

from fer_edge.runtime.sinks.preview import describe, messages
from fer_edge.runtime.sinks.preview.condition import StreamState
from fer_edge.runtime.sinks.preview.record import Record


class Follower:
    """Knows what a client has of the changes and of the stream's state, and writes the events that it lacks."""

    def __init__(self, record: Record, last_event_id: str) -> None:
        """Continue after the last event that the client has.

        Args:
            record: Record of the stream.
            last_event_id: Its identity, RUN-NUMBER; empty for a client that wants only what is new. Of another run,
                all that is kept is new.
        """
        self._record = record
        self._run = record.changes.run
        self._state: StreamState | None = None
        run, _, number = last_event_id.partition("-")
        is_of_this_run = run == self._run and number.isascii() and number.isdecimal() and len(number) < 16
        self._number = int(number) if is_of_this_run else 0 if last_event_id else record.changes.newest

    def lacking(self) -> bytes:
        """Return the events since the last call."""
        condition, changes = self._record.condition, self._record.changes.after(self._number)
        self._number = self._record.changes.newest
        is_new_state, self._state = condition.state is not self._state, condition.state
        events = [messages.sent_event(describe.stream_json(condition), "state")] if is_new_state else []
        for change in changes:
            members = describe.change_json(change)
            events.append(messages.sent_event(members, change.event.kind.value, f"{self._run}-{change.number}"))
        return b"".join(events)
