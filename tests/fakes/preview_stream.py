"""A preview whose stream is set by a test."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event as Signal
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.preview import open_preview
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sources.source import Frame, Outage

RED, BLUE = (0, 0, 255), (255, 0, 0)
_TIMINGS_MS = {"read": 3.0, "detect": 10.0, "crop": 0.1, "classify": 0.5, "total": 10.6}


class PreviewStream:
    """Writes frames to a preview, in a thread, until it is closed.

    Attributes:
        sink: The preview.
        outage: What the source says of itself; no frame is written in an outage.
        smoothing: Settings that visitors may change.
    """

    def __init__(
        self,
        address: str,
        labels: tuple[str, ...],
        names: tuple[str, str] = ("Front door", "/dev/video0"),
        pause_s: float = 0.08,
        **options: Any,
    ) -> None:
        self.outage: Outage | None = None
        self.smoothing = Smoothing()
        links = StreamLinks(*names, "compact_int8", outage=lambda: self.outage, pipeline=self)
        self.sink = open_preview(address, labels, "demo, tiny", links=links, **options)
        self._shown: tuple[npt.NDArray[np.uint8], tuple[FaceResult, ...]] | None = None
        self._known: dict[int, str] = {}
        self._pause_s = pause_s
        self._written = Signal()
        self._done = Signal()
        self._thread = Thread(target=self._run)
        self._thread.start()

    @property
    def url(self) -> str:
        """Address for a browser on this machine, with the token if there is one."""
        address, mark, query = self.sink.url.partition("?")
        return f"http://127.0.0.1:{address.rstrip('/').rpartition(':')[2]}/{mark}{query}"

    def show(
        self, *faces: FaceResult, colour: tuple[int, int, int] = RED, size_wh: tuple[int, int] = (320, 240)
    ) -> None:
        """Write frames of one colour with these faces from now on."""
        self._shown = np.full((size_wh[1], size_wh[0], 3), colour, np.uint8), faces

    def wait_for_frame(self) -> None:
        """Wait until what is shown now has been written."""
        for _ in range(2):  # as one may be under way
            self._written.clear()
            assert self._written.wait(20)

    def stop(self) -> None:
        """Write no further frame."""
        self._done.set()
        self._thread.join()

    def close(self) -> None:
        """Stop, and close the preview."""
        self.stop()
        self.sink.close()

    def _run(self) -> None:
        number = 0
        while not self._done.wait(self._pause_s):
            if self.outage is None and self._shown is not None:
                number += 1
                image, faces = self._shown
                events = tuple(self._events(faces))
                self.sink.write(
                    Frame(image, number, time.time()), FrameResult(number, time.time(), faces, _TIMINGS_MS, events)
                )
                self._written.set()

    def _events(self, faces: tuple[FaceResult, ...]) -> Iterator[Event]:
        labels = {face.track_id: face.label for face in faces}
        for track_id in self._known.keys() - labels.keys():
            yield Event(EventKind.LEFT, track_id, time.time(), self._known[track_id])
        for track_id, label in labels.items():
            before = self._known.get(track_id)
            if before is None:
                yield Event(EventKind.APPEARED, track_id, time.time(), label)
            elif before != label:
                yield Event(EventKind.CHANGED, track_id, time.time(), label, before)
        self._known = labels


@contextmanager
def previewing(
    *faces: FaceResult,
    address: str = "0",
    labels: tuple[str, ...] = EXPRESSIONS,
    waiting: bool = False,
    **options: Any,
) -> Iterator[PreviewStream]:
    """Run a preview that shows these faces, or with `waiting` no frame yet; `options` go to `open_preview`."""
    with closing(PreviewStream(address, labels, **options)) as stream:
        if not waiting:
            stream.show(*faces)
        yield stream
