"""Part of a video file, from one time to another: found by seeking, with the presentation times of the whole."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fer_edge.pictures.upright import upright
from fer_edge.runtime.sources.orientation import take_over_turn
from fer_edge.runtime.sources.recording_clock import RecordingClock
from fer_edge.runtime.sources.recordings import Intervals, VideoFile, open_video
from fer_edge.runtime.sources.source import EARLY_S, Frame

SEEKABLE = frozenset({".m4v", ".mkv", ".mov", ".mp4", ".webm"})
"""Containers in which each frame has its time and can be sought; others are read from their beginning."""

_EARLIER_S = (0.5, 4.0, 16.0, 64.0)
"""Seconds before a time to which to seek: OpenCV seeks by the nominal rate, and may come too late at a variable one."""


@dataclass(frozen=True)
class Span:
    """Time span of a recording.

    Attributes:
        start_s: Position of its beginning in seconds; its first frame is the first at or after it.
        end_s: Position of its end, exclusive.
        warm_up_s: Seconds before its beginning from which frames are read as well.
    """

    start_s: float = 0.0
    end_s: float = math.inf
    warm_up_s: float = 0.0

    @property
    def read_from_s(self) -> float:
        """Position from which frames are read."""
        return max(self.start_s - self.warm_up_s, 0.0)


WHOLE = Span()


class VideoSpan(VideoFile):
    """Frames of a span, and the frames of its warm-up before it, which have the number -1.

    Attributes:
        intervals: Frames that were read of the span itself, sampled or not.
    """

    def __init__(self, path: Path, span: Span = WHOLE, every_s: float = 0.0) -> None:
        """Open `path`.

        Args:
            path: A file.
            span: Which frames to read.
            every_s: Seconds; only the first frame in each interval of this length from the beginning of the video on is
                yielded. 0 for all frames.

        Raises:
            InputError: If OpenCV cannot read it as a video, or its frames are too large.
        """
        super().__init__(path)
        self._file = path
        self._span = span
        self._every_s = every_s
        self.intervals = Intervals(self.fps)

    def __iter__(self) -> Iterator[Frame]:
        before_s = -1.0
        for position_s in self._positions():
            if position_s >= self._span.end_s:
                return
            number = self._count(position_s)
            if position_s >= self._span.read_from_s and is_first_of_interval(position_s, before_s, self._every_s):
                ok, image = self._capture.retrieve()
                if ok:
                    yield Frame(upright(np.asarray(image, np.uint8), self._turn), number, time.time(), position_s)
            before_s = position_s

    def can_seek(self) -> bool:
        """Return whether the beginning of the span can be sought rather than read up to; call it before iterating."""
        if self._file.suffix.lower() not in SEEKABLE or not self._capture.grab():
            return False
        return self._seek(self._shown_s())

    def _positions(self) -> Iterator[float]:
        """Decode one frame after another, from one before the span on, and yield their positions."""
        clock = RecordingClock(self.fps)
        if self._span.read_from_s > 0 and self._capture.grab():
            first_s = self._shown_s()
            clock.position_s(1000 * first_s)
            if self._file.suffix.lower() in SEEKABLE and self._seek(first_s):
                yield clock.position_s(1000 * self._shown_s())
            else:
                self._reopen()
                clock = RecordingClock(self.fps)
        for _ in self._grabs():
            yield clock.position_s(1000 * self._shown_s())

    def _seek(self, first_s: float) -> bool:
        """Decode a frame at most a little before the span, if there is a way; `first_s` is the first frame's time."""
        for earlier_s in _EARLIER_S:
            target_s = self._span.read_from_s - earlier_s
            if target_s <= 0:
                return False
            self._capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * (first_s + target_s))
            if self._capture.grab() and first_s < self._shown_s() <= first_s + self._span.read_from_s:
                return True
        return False

    def _reopen(self) -> None:
        self._capture.release()
        self._capture = open_video(self._file)
        self._turn, _ = take_over_turn(self._capture, self._file)

    def _count(self, position_s: float) -> int:
        """Return a frame's number in the span; -1 before it."""
        if position_s < self._span.start_s:
            self.intervals.last_s = position_s
            return -1
        self.intervals.add(position_s)
        return self.intervals.frames - 1

    def _shown_s(self) -> float:
        return self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000


def is_first_of_interval(position_s: float, before_s: float, every_s: float) -> bool:
    """Return whether a frame is the first one in an interval of a recording.

    Args:
        position_s: Position of the frame in seconds.
        before_s: Position of the frame before it; negative if there is none.
        every_s: Length of the intervals in seconds, the first of which begins at 0; 0 if every frame counts.
    """
    if not every_s:
        return True
    return math.floor((position_s + EARLY_S) / every_s) > math.floor((before_s + EARLY_S) / every_s)
