"""What a sink is: it takes every result of a stream; and one that passes on changes only."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sources.source import Frame


class Sink(Protocol):
    """Takes every result, and is closed at the end, however that comes."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Take one result and the frame it is of."""

    def close(self) -> None:
        """Finish what was written."""


@runtime_checkable
class Reopenable(Protocol):
    """A sink that can be opened again after it has failed and was closed."""

    def reopen(self) -> bool:
        """Append to what was written; return False if that cannot be, raise FerEdgeError or OSError if it fails."""


class OnChangeOnly:
    """Passes on the results that tell something new: an event, or other faces or labels than the last one passed on."""

    def __init__(self, sink: Sink) -> None:
        """Stand before `sink`."""
        self._sink = sink
        self._last: set[tuple[int, str]] | None = None

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Pass on, or not; the first result always."""
        seen = {(face.track_id, face.label) for face in result.faces}
        if result.events or seen != self._last:
            self._last = seen
            self._sink.write(frame, result)

    def reopen(self) -> bool:
        """Reopen the sink, if it can be; it gets the next result."""
        self._last = None
        return isinstance(self._sink, Reopenable) and self._sink.reopen()

    def close(self) -> None:
        """Close the sink."""
        self._sink.close()
