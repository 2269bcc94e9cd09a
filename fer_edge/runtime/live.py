"""Live sources: a thread takes every frame from a camera or stream, and whoever asks gets the newest."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Protocol

from fer_edge.errors import SourceError
from fer_edge.preprocess import Image
from fer_edge.runtime.frames import Frame, Source
from fer_edge.threads import AbandonableThread

FRAME_TIMEOUT_S = 5.0
"""A webcam's first frame takes up to 2 s, a network camera's key frame as long."""

_MISSES_ALLOWED = 20
_MISS_PAUSE_S = 0.05
_JOIN_TIMEOUT_S = 1.0


class Capture(Protocol):
    """A device or stream that gives frames when it has them."""

    def read(self) -> Image | None:
        """Wait for the next frame, uint8 (H, W, 3) BGR; `None` if there was none."""

    def close(self) -> None:
        """Let go of it."""


class LiveSource(Source):
    """The newest frame of a camera or stream.

    Without the thread, frames would wait in the driver's or FFmpeg's queue while the last one is worked on, and
    what is shown would lag ever further behind.

    Attributes:
        timeout_s: How long to wait for a frame before it counts as stopped.
    """

    def __init__(
        self,
        capture: Capture,
        description: str,
        *,
        fps: float | None,
        advice: str,
        timeout_s: float = FRAME_TIMEOUT_S,
    ) -> None:
        """Start to take frames.

        Args:
            capture: Closed by this source.
            description: What to call it before people.
            fps: Its nominal frames a second.
            advice: What to do if it gives no frames.
            timeout_s: How long to wait for a frame before it counts as stopped.
        """
        super().__init__(description, live=True, fps=fps)
        self._capture = capture
        self._advice = advice
        self.timeout_s = timeout_s
        self._newest: Frame | None = None
        self._ended = False
        self._failure = ""
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        self._thread = AbandonableThread(target=self._take_frames, name=f"frames of {description}")
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        number = -1
        while not self._closing.is_set():
            frame = self._wait_for_newer(number)
            number = frame.number
            yield frame

    def close(self) -> None:
        """Stop taking frames; a capture that hangs is left to itself."""
        self._closing.set()
        self._thread.join(_JOIN_TIMEOUT_S)
        if not self._thread.is_alive():
            self._capture.close()

    def _wait_for_newer(self, number: int) -> Frame:
        with self._arrived:
            came = self._arrived.wait_for(lambda: self._is_newer(number) or self._ended, self.timeout_s)
            if self._newest is not None and self._is_newer(number):
                return self._newest
        began = "stopped giving frames" if number >= 0 else "opened but gave no frame"
        why = f" ({self._failure})" if self._failure else "" if came else f" for {self.timeout_s:g} s"
        raise SourceError(f"{self.description} {began}{why}; {self._advice}")

    def _is_newer(self, number: int) -> bool:
        return self._newest is not None and self._newest.number > number

    def _take_frames(self) -> None:
        try:
            self._take_until_it_ends()
        except Exception as error:  # a driver's own; raised again where the frames are awaited
            self._failure = str(error) or type(error).__name__
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()

    def _take_until_it_ends(self) -> None:
        number = misses = 0
        while not self._closing.is_set() and misses < _MISSES_ALLOWED:
            image = self._capture.read()
            if image is None:  # a webcam's broken JPEG now and then, or the end
                misses += 1
                self._closing.wait(_MISS_PAUSE_S)
                continue
            misses = 0
            with self._arrived:
                self._newest = Frame(image, number, time.time())
                self._arrived.notify_all()
            number += 1
