"""Reopen a live source when it fails, until it delivers frames again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fer_edge.errors import SourceError
from fer_edge.notes import OnNote
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.source import Frame, Outage, Source

STALL_S = 2.5
"""Seconds without a new picture after which a camera of this machine, once it has worked, has failed."""

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0

_BLACK_LEVEL = 8
"""Highest value, 0..255, of a black frame's pixels."""
_STEP = 4
"""Every fourth pixel of every fourth row is compared."""


class _FrozenError(SourceError):
    """A source gives only frames that it cannot have taken now."""


class ReopeningSource(Source):
    """Frames of a live source without a sensor's black and repeated ones.

    A source without such a frame for `stall_s` has failed: that is reported once, and it is opened again after pauses
    that double from a second to a minute, until `ends_at`. A source that never delivered one raises SourceError.
    """

    def __init__(
        self,
        open_live: Callable[[], LiveSource],
        on_note: OnNote,
        *,
        stall_s: float = STALL_S,
        raw_sensor: bool = True,
    ) -> None:
        """Open the source for the first time.

        Args:
            open_live: Opens the source; raises SourceError if it cannot.
            on_note: Called with a sentence when the source fails, comes back or changes its size.
            stall_s: Seconds to wait for a new frame once there was one.
            raw_sensor: True if the frames have a sensor's noise, so that black or repeated ones mean a fault. An
                encoded stream has none: a still scene repeats its frames, and a dark one is black.
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
                yield from self._good_frames()
            except SourceError as error:
                if self._number < 0:
                    raise
                self.outage = Outage(str(error), frozen=isinstance(error, _FrozenError))
                self._on_note(f"{error}; it is opened again until it is back")
            failed = time.monotonic()
            if not self._reopen():
                return
            self.outage = None
            self._on_note(f"{self.description} is back after {time.monotonic() - failed:.0f} s")

    def close(self) -> None:
        """Close the source."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _good_frames(self) -> Iterator[Frame]:
        """Give the source's good frames, with numbers that continue those before it was reopened."""
        find_fault, base, seen = self._fault_finder(), self._number + 1, time.monotonic()
        assert self._source is not None
        for frame in self._source:
            fault = find_fault(frame.image)
            if fault is None:
                self._note_size(frame)
                self._number = base + frame.number
                self._source.timeout_s = self._stall_s
                yield replace(frame, number=self._number)
                seen = time.monotonic()
            elif time.monotonic() - seen > self._stall_s:
                raise _FrozenError(f"{self.description} gives {fault}; check the camera")

    def _fault_finder(self) -> Callable[[Image], str | None]:
        """Return a function that names the fault of each frame, or returns `None`."""
        return PictureCheck().fault if self._raw_sensor else lambda _: None

    def _note_size(self, frame: Frame) -> None:
        shape, self._shape = self._shape, frame.image.shape
        if shape and shape != self._shape:
            (height, width), (old_height, old_width) = self._shape[:2], shape[:2]
            self._on_note(f"{self.description} now gives {width}x{height} pixels, not {old_width}x{old_height}")

    def _reopen(self) -> bool:
        """Open the source until it delivers a good frame; return False if `ends_at` comes first."""
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
                if self._delivers(self._source):
                    return True
            except SourceError:
                continue

    def _delivers(self, source: LiveSource) -> bool:
        find_fault, start = self._fault_finder(), time.monotonic()
        for frame in source:
            if find_fault(frame.image) is None and frame.number > 0:
                return True
            if time.monotonic() - start > self._stall_s:
                break
        return False


class PictureCheck:
    """Checks one frame of a sensor after another."""

    def __init__(self) -> None:
        """Begin without a frame."""
        self._last: npt.NDArray[np.uint8] | None = None

    def fault(self, image: Image) -> str | None:
        """Return what is wrong with a frame, uint8 (H, W, 3), in words; `None` if it is a new picture."""
        # A copy, as a camera may write its next frame into the same memory.
        sample = image[::_STEP, ::_STEP].copy()
        last, self._last = self._last, sample
        if sample.max() <= _BLACK_LEVEL:
            return "only black frames"
        # A sensor's noise makes every picture different.
        if last is not None and np.array_equal(last, sample):
            return "the same frame again and again"
        return None
