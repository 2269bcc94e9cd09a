"""Live sources: a thread reads every frame of a camera or stream, and the newest is delivered on request."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Protocol

from fer_edge.errors import SourceError
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.source import Frame, Source
from fer_edge.threads import AbandonableThread

FRAME_TIMEOUT_S = 5.0
"""Seconds to wait for a frame: a webcam's first one takes up to 2 s, as does a network camera's key frame."""

_MISSES_ALLOWED = 20
_MISS_PAUSE_S = 0.05
_JOIN_TIMEOUT_S = 1.0


class Capture(Protocol):
    """Device or stream that is read frame by frame."""

    def read(self) -> Image | None:
        """Wait for the next frame and return it, uint8 (H, W, 3) BGR; `None` if there was none."""

    def close(self) -> None:
        """Release the device or connection."""


class LiveSource(Source):
    """Newest frames of a camera or stream.

    Without the thread, frames would wait in the queue of the driver or FFmpeg while the last one is processed, and
    the results would lag further and further behind.

    Attributes:
        timeout_s: Seconds to wait for a frame before the source counts as stopped.
    """

    def __init__(
        self,
        capture: Capture,
        description: str,
        *,
        fps: float | None,
        advice: str,
        timeout_s: float = FRAME_TIMEOUT_S,
        closing: threading.Event | None = None,
    ) -> None:
        """Start the thread.

        Args:
            capture: Capture to read from and to close.
            description: Name shown to people.
            fps: Nominal frames per second, if known.
            advice: Remedy if there are no frames, for messages.
            timeout_s: Seconds to wait for a frame before the source counts as stopped.
            closing: Set by `close`, so that a capture that waits can end its wait.
        """
        super().__init__(description, live=True, fps=fps)
        self._capture = capture
        self._advice = advice
        self.timeout_s = timeout_s
        self._newest: Frame | None = None
        self._ended = False
        self._failure = ""
        # Entered in place of the condition, as in `BackgroundQueue`.
        self._lock = threading.RLock()
        self._arrived = threading.Condition(self._lock)
        self._closing = closing or threading.Event()
        self._thread = AbandonableThread(target=self._take_frames, name=f"frames of {description}")
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        number = -1
        while not self._closing.is_set():
            frame = self._wait_for_newer(number)
            number = frame.number
            yield frame

    def close(self) -> None:
        """Stop the thread and close the capture, unless it hangs in a read."""
        self._closing.set()
        self._thread.join(_JOIN_TIMEOUT_S)
        if not self._thread.is_alive():
            self._capture.close()

    def _wait_for_newer(self, number: int) -> Frame:
        with self._lock:
            came = self._arrived.wait_for(lambda: self._is_newer(number) or self._ended, self.timeout_s)
            if self._newest is not None and self._is_newer(number):
                return self._newest
        what = "stopped giving frames" if number >= 0 else "opened but gave no frame"
        why = f" ({self._failure})" if self._failure else "" if came else f" for {self.timeout_s:g} s"
        raise SourceError(f"{self.description} {what}{why}; {self._advice}")

    def _is_newer(self, number: int) -> bool:
        return self._newest is not None and self._newest.number > number

    def _take_frames(self) -> None:
        try:
            self._take_until_end()
        except Exception as error:  # of any driver; reported where the frame is awaited
            self._failure = str(error) or type(error).__name__
        with self._lock:
            self._ended = True
            self._arrived.notify_all()

    def _take_until_end(self) -> None:
        number = misses = 0
        while not self._closing.is_set() and misses < _MISSES_ALLOWED:
            image = self._capture.read()
            if image is None:  # a webcam's occasional broken JPEG, or the end
                misses += 1
                self._closing.wait(_MISS_PAUSE_S)
                continue
            misses = 0
            with self._lock:
                self._newest = Frame(image, number, time.time())
                self._arrived.notify_all()
            number += 1
