"""Messages and answers of a preview, composed from its record."""

from __future__ import annotations

import time

from fer_edge.board import temperature_c
from fer_edge.runtime.sinks.preview import describe
from fer_edge.runtime.sinks.preview.condition import StreamState
from fer_edge.runtime.sinks.preview.describe import About, Json
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.logs import LogForm, written_file
from fer_edge.runtime.sinks.preview.record import Newest, Record
from fer_edge.runtime.sinks.preview.settings import Settings
from fer_edge.runtime.sinks.preview.streaming import LONGEST_DELAY_S
from fer_edge.runtime.sinks.preview.timeline import HISTORY_S

_TEMPERATURE_S = 2.0


class Description:
    """Describes a stream as JSON.

    Attributes:
        about: Facts that do not change.
        settings: Settings that visitors may change.
    """

    def __init__(self, about: About, record: Record, links: StreamLinks) -> None:
        """Join the parts.

        Args:
            about: Facts that do not change.
            record: Record of the stream.
            links: Ways to the stream's parts.
        """
        self.about = about
        self.settings = Settings(links.pipeline)
        self._record = record
        self._logs = links.logs
        self._temperature = _Thermometer()

    def state(self) -> Json:
        """Describe the newest result, the stream's state, and what has been seen so far."""
        newest, condition = self._record.newest, self._record.condition
        is_live = condition.state is StreamState.LIVE
        return {
            **self._about(),
            **describe.speed_json(self._record.pace, self._temperature.read()),
            "stream": describe.stream_json(condition),
            "frame": newest and newest.result.number,
            "time": newest and round(newest.result.time, 3),
            "size": newest and list(newest.frame.image.shape[1::-1]),
            "faces": describe.faces_json(newest.result, self.about.labels) if newest and is_live else [],
            "settings": self.settings.to_json(),
            "summary": describe.totals_json(self._record.totals),
        }

    def hello(self) -> Json:
        """Describe what does not change, and all that is kept."""
        record = self._record
        return {
            "title": self.about.title,
            **self._about(),
            "history_s": HISTORY_S,
            "spans": describe.spans_json(record.timeline.since(time.monotonic() - HISTORY_S)),
            "clock_offset": describe.clock_offset(),
            "stream": describe.stream_json(record.condition),
            "settings": self.settings.to_json(),
            "summary": describe.totals_json(record.totals),
            "changes": [describe.change_json(change) for change in record.changes.after(0)],
        }

    def message(self, newest: Newest) -> Json:
        """Describe the newest result, and what a client may lack that has missed some messages."""
        frame, result, record = newest.frame, newest.result, self._record
        # A client that is further behind has been disconnected, and gets everything when it is back.
        since = time.monotonic() - LONGEST_DELAY_S
        members = {
            "frame": result.number,
            "time": round(result.time, 3),
            "moment": round(frame.taken_at, 3),
            "clock_offset": round(result.time - frame.taken_at, 3),
            "size": list(frame.image.shape[1::-1]),
            "faces": describe.faces_json(result, self.about.labels),
            "stages_ms": {stage: round(value, 3) for stage, value in record.pace.stages_ms.items()},
            **describe.speed_json(record.pace, self._temperature.read()),
            "spans": describe.spans_json(record.timeline.since(min(since, frame.taken_at))),
            "stream": describe.stream_json(record.condition),
            "settings": self.settings.to_json(),
            "changes": [describe.change_json(change) for change in record.changes.since(since)],
        }
        if record.condition.state is StreamState.FINISHED:
            members["summary"] = describe.totals_json(record.totals)
        return members

    def _about(self) -> Json:
        kinds = {form.value: "memory" if written_file(self._logs, form) is None else "file" for form in LogForm}
        return {**describe.about_json(self.about), "log": kinds}


class _Thermometer:
    """Reads the temperature, every `_TEMPERATURE_S` seconds at most."""

    def __init__(self) -> None:
        self._celsius: float | None = None
        self._read = float("-inf")

    def read(self) -> float | None:
        now = time.monotonic()
        if now - self._read > _TEMPERATURE_S:
            self._celsius, self._read = temperature_c(), now
        return self._celsius
