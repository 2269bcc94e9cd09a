"""Several sinks for one stream, of which one that fails does not end the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fer_edge.errors import FerEdgeError
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks import Sink


class FanOut:
    """Passes results on to every sink that still works; the sinks are closed elsewhere."""

    def __init__(self, outputs: Sequence[Sink], watchers: Sequence[Sink], tell: Callable[[str], None]) -> None:
        """Stand before the sinks.

        Args:
            outputs: The stream goes on as long as one of them works.
            watchers: Sinks that alone are no reason for it to go on.
            tell: Is told, in a sentence, which output has failed and why.
        """
        self._outputs = list(outputs)
        self._watchers = list(watchers)
        self._tell = tell
        self._failure: FerEdgeError | None = None

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Pass one result on.

        Raises:
            FerEdgeError: If the last output has failed.
            BrokenPipeError: If the reader of a pipe has gone, which ends the stream.
        """
        for sink in tuple(self._outputs):
            try:
                sink.write(frame, result)
            except FerEdgeError as error:
                self._leave_out(sink, error)
        for sink in self._watchers:
            sink.write(frame, result)

    def require_whole(self) -> None:
        """Raise the first failure, if an output has failed."""
        if self._failure is not None:
            raise self._failure

    def _leave_out(self, sink: Sink, error: FerEdgeError) -> None:
        self._outputs.remove(sink)
        if not self._outputs:
            raise self._failure or error
        self._failure = self._failure or error
        self._tell(f"{error}; the other outputs go on")
