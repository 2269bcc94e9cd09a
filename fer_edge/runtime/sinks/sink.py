"""The sink protocol, and a sink that passes on changes only."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sources.source import Frame


class Sink(Protocol):
    """Takes every result of a stream, and is closed at its end, also after an error."""

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Take one frame and its result."""

    def close(self) -> None:
        """Complete the output."""


@runtime_checkable
class Reopenable(Protocol):
    """A sink that can be reopened after it has failed and was closed."""

    def reopen(self) -> bool:
        """Append to the output; return False if it cannot be reopened, raise FerEdgeError or OSError if that fails."""


class OnChangeOnly:
    """Passes on the first result, and those with an event or with other faces or labels than the last one passed on."""

    def __init__(self, sink: Sink) -> None:
        """Wrap `sink`."""
        self._sink = sink
        self._last: set[tuple[int, str]] | None = None

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Pass the result on if something has changed."""
        seen = {(face.track_id, face.label) for face in result.faces}
        if result.events or seen != self._last:
            self._last = seen
            self._sink.write(frame, result)

    def reopen(self) -> bool:
        """Reopen the sink if it can be reopened; it then gets the next result."""
        self._last = None
        return isinstance(self._sink, Reopenable) and self._sink.reopen()

    def close(self) -> None:
        """Close the sink."""
        self._sink.close()
