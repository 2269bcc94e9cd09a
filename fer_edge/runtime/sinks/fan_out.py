"""Several sinks for one stream, where a failure of one does not end the others."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fer_edge.errors import FerEdgeError
from fer_edge.notes import OnNote
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.background import BackgroundSink
from fer_edge.runtime.sinks.sink import Sink
from fer_edge.runtime.sources.source import Frame

_RETRY_S = 60.0


class FanOut:
    """Passes results on to every sink that works; closing the sinks is the caller's part.

    A log file that has failed, as on a full disk, is reopened after a pause.

    Attributes:
        failed: Names of the files that lack results, in order of their first failure.
    """

    def __init__(
        self,
        outputs: Sequence[Sink],
        watchers: Sequence[Sink],
        on_note: OnNote,
        retry_s: float = _RETRY_S,
    ) -> None:
        """Wrap the sinks.

        Args:
            outputs: Sinks of which one must work, or the stream ends.
            watchers: Further sinks, which do not keep the stream going.
            on_note: Takes a note when an output fails, and when it works again.
            retry_s: Seconds from a failure until the output is reopened.
        """
        self.failed: list[str] = []
        self._outputs = list(outputs)
        self._watchers = list(watchers)
        self._on_note = on_note
        self._retry_s = retry_s
        self._retry_at: dict[BackgroundSink, float] = {}
        self._reopened: list[BackgroundSink] = []
        self._failures: dict[Sink, FerEdgeError] = {}

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Pass one result on.

        Raises:
            FerEdgeError: If the last output has failed; it names all that have.
            BrokenPipeError: If the reader of a pipe has closed it, which ends the stream.
        """
        self._reopen_failed()
        for sink in tuple(self._outputs):
            try:
                sink.write(frame, result)
            except FerEdgeError as error:
                self._leave_out(sink, error)
        for sink in self._watchers:
            sink.write(frame, result)

    def require_whole(self, closing: Sequence[FerEdgeError] = ()) -> None:
        """Raise the first failure of each output, and those of closing some, if there is one."""
        failures = [*self._failures.values(), *closing]
        if failures:
            raise join_failures(failures)

    def _leave_out(self, sink: Sink, error: FerEdgeError) -> None:
        is_reported = sink in self._reopened
        self._outputs.remove(sink)
        self._failures.setdefault(sink, error)
        if isinstance(sink, BackgroundSink):
            self._retry_at[sink] = time.monotonic() + self._retry_s
            self._reopened = [each for each in self._reopened if each is not sink]
            self.failed += [sink.name] if sink.name not in self.failed else []
        if not self._outputs:
            self.require_whole()
        if not is_reported:
            self._on_note(f"{error}; the other outputs go on")

    def _reopen_failed(self) -> None:
        now = time.monotonic()
        for sink in [each for each, due in self._retry_at.items() if due <= now]:
            del self._retry_at[sink]
            try:
                is_open = sink.reopen()
            except (FerEdgeError, OSError):  # reported when it failed first
                self._retry_at[sink] = now + self._retry_s
                continue
            if is_open:
                self._outputs.append(sink)
                self._reopened.append(sink)
        for sink in [each for each in self._reopened if each.has_taken]:
            self._reopened.remove(sink)
            self._on_note(f"{sink.name}: works again; it lacks the results since it failed")


def join_failures(failures: Sequence[FerEdgeError]) -> FerEdgeError:
    """Return one failure as it is, several as one that names each."""
    if len(failures) == 1:
        return failures[0]
    joined = FerEdgeError("; ".join(map(str, failures)))
    joined.__cause__ = failures[0]
    return joined
