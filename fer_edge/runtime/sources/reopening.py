"""A live source that comes back: closed when it fails, and opened again until it gives pictures."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from fer_edge.errors import SourceError
from fer_edge.notes import OnNote
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.health import PictureCheck
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.source import Frame, Source

STALL_S = 2.5
"""Seconds for which a camera of this machine that has worked may give nothing, or no new picture."""

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


class ReopeningSource(Source):
    """Gives a live source's pictures, and leaves out a sensor's black frames and repeated ones.

    A source that gives no such picture for `stall_s` is said to have failed, once, and is opened again after pauses
    that double from a second to a minute, until `ends_at`. One that never gave a picture is an error.
    """

    def __init__(
        self,
        open_live: Callable[[], LiveSource],
        on_note: OnNote,
        *,
        stall_s: float = STALL_S,
        raw_sensor: bool = True,
    ) -> None:
        """Open for the first time.

        Args:
            open_live: Opens the source; raises SourceError if it cannot.
            on_note: Called with a sentence when the source fails, comes back or changes its size.
            stall_s: How long to wait for a new picture once there was one.
            raw_sensor: Whether the frames hold a sensor's noise, so that black or repeated ones mean a fault. An
                encoded stream holds none: a still scene repeats its frames, and a dark one is black.
        """
        self._source: LiveSource | None = open_live()
        super().__init__(self._source.description, live=True, fps=self._source.fps)
        self._open_live = open_live
        self._on_note = on_note
        self._stall_s = stall_s
        self._raw_sensor = raw_sensor
        self._number = -1
        self._shape: tuple[int, ...] = ()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            try:
                yield from self._pictures()
            except SourceError as error:
                if self._number < 0:
                    raise
                self._on_note(f"{error}; it is opened again until it is back")
            failed = time.monotonic()
            if not self._reopen():
                return
            self._on_note(f"{self.description} is back after {time.monotonic() - failed:.0f} s")

    def close(self) -> None:
        """Let go of the source."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _pictures(self) -> Iterator[Frame]:
        """The source's pictures, numbered on from those before it was opened again."""
        find_fault, base, seen = self._fault_finder(), self._number + 1, time.monotonic()
        assert self._source is not None
        for frame in self._source:
            fault = find_fault(frame.image)
            if fault is None:
                self._notice_size(frame)
                self._number = base + frame.number
                self._source.timeout_s = self._stall_s
                yield replace(frame, number=self._number)
                seen = time.monotonic()
            elif time.monotonic() - seen > self._stall_s:
                raise SourceError(f"{self.description} gives {fault}; check the camera")

    def _fault_finder(self) -> Callable[[Image], str | None]:
        """Return a function that looks at one frame after another and says what is wrong with each."""
        return PictureCheck().fault if self._raw_sensor else lambda _: None

    def _notice_size(self, frame: Frame) -> None:
        shape, self._shape = self._shape, frame.image.shape
        if shape and shape != self._shape:
            (height, width), (old_height, old_width) = self._shape[:2], shape[:2]
            self._on_note(f"{self.description} now gives {width}x{height} pixels, not {old_width}x{old_height}")

    def _reopen(self) -> bool:
        """Open the source until it gives a picture; false if it gave none in time."""
        pause_s = _FIRST_PAUSE_S
        while True:
            self.close()
            left_s = math.inf if self.ends_at is None else self.ends_at - time.monotonic()
            if left_s <= 0:
                return False
            time.sleep(min(pause_s, left_s))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            try:
                self._source = self._open_live()
                if self._gives_pictures(self._source):
                    return True
            except SourceError:
                continue

    def _gives_pictures(self, source: LiveSource) -> bool:
        find_fault, start = self._fault_finder(), time.monotonic()
        for frame in source:
            if find_fault(frame.image) is None and frame.number > 0:
                return True
            if time.monotonic() - start > self._stall_s:
                break
        return False
