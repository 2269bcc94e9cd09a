"""Pictures of the newest frame with its boxes, made when somebody asks for one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import cv2

from fer_edge.preprocess import encode_jpeg
from fer_edge.runtime.sinks.annotate import annotate
from fer_edge.runtime.sinks.preview.record import Newest

_LONGEST_AGE_S = 0.2
"""Seconds for which a picture is sent again, however often it is asked for."""
_QUALITY = 90


@dataclass(frozen=True)
class Snapshot:
    """A picture file, and the frame it shows.

    Attributes:
        serial: The frame's serial number.
        taken: Time of its making, in seconds of the monotonic clock.
        content: The file.
    """

    serial: int
    taken: float
    content: bytes


class Snapshots:
    """Encodes pictures of one file format, one at a time, in a thread of its own, and keeps the newest."""

    def __init__(self, suffix: str, labels: tuple[str, ...]) -> None:
        """Start without a picture.

        Args:
            suffix: Ending of the file format, `.jpg` or `.png`.
            labels: Expressions in the order of the scores.
        """
        self._suffix = suffix
        self._labels = labels
        self._newest: Snapshot | None = None
        self._lock = asyncio.Lock()

    async def get(self, newest: Newest) -> Snapshot:
        """Return a picture of the newest frame, or one that is hardly older."""
        async with self._lock:
            kept, now = self._newest, time.monotonic()
            if kept is not None and (kept.serial == newest.serial or now - kept.taken < _LONGEST_AGE_S):
                return kept
            content = await asyncio.to_thread(self._encode, newest)
            self._newest = Snapshot(newest.serial, now, content)
            return self._newest

    def _encode(self, newest: Newest) -> bytes:
        canvas = annotate(newest.frame.image, newest.result, self._labels)
        if self._suffix == ".jpg":
            return encode_jpeg(canvas, _QUALITY)
        return cv2.imencode(self._suffix, canvas)[1].tobytes()
