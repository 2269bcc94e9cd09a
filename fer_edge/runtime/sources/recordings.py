"""A video file, read whole, with no frame passed over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fer_edge.errors import InputError
from fer_edge.native_logs import chatter_held_back, quiet_ffmpeg
from fer_edge.native_paths import native_path
from fer_edge.picture_size import require_moderate
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.orientation import take_over_turn
from fer_edge.runtime.sources.recording_clock import FASTEST_FPS, RecordingClock, even_fps
from fer_edge.runtime.sources.source import Frame, Source
from fer_edge.upright import upright

_SCANNED = 100
"""Frames at the beginning whose intervals give the rate."""

_FAILURES_AT_END = 1000
"""Reads without a frame before a file has ended: a read fails for each damaged picture, or for a stretch of them."""

_FAILURES_AT_END_OF_ADDRESS = 5
"""Reads without a frame before an address has ended; each may wait for the network."""

_COUNTING = frozenset({".avi", ".m4v", ".mov", ".mp4"})
"""Containers that count their frames; the count of others is their duration times their rate."""

_FRAGMENTED = b"mvex"
"""Box of an MP4 file in fragments, as browsers record it, which counts no frames."""
_HEADER_BYTES = 65_536

_MOST_FRAMES = 1e9
_FEW = 2
_STEADY = 0.95
_SOUND_S = 1.0
"""Seconds by which the sound, and so the duration, may be longer than the picture."""


class VideoFile(Source):
    """Every frame of a video file, at its presentation time."""

    def __init__(self, path: Path | str, description: str | None = None) -> None:
        """Open `path`.

        Args:
            path: A file, or as text an address.
            description: What to call it before people, if not by its path.

        Raises:
            InputError: If OpenCV cannot read it as a video, or its pictures are too large.
        """
        self._path = path
        self._capture = open_video(path)
        if not self._capture.isOpened():
            raise InputError(
                f"{description or path}: expected a video that OpenCV can read (such as .mp4, .avi or .mkv), an image "
                "or a folder of images; this is none, or is damaged"
            )
        sides = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        width, height = (int(self._capture.get(side)) for side in sides)
        require_moderate(width, height, kind=f"{description or path}: video")
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        super().__init__(description or str(path), live=False, fps=fps if 0 < fps <= FASTEST_FPS else None)
        self._turn, note = take_over_turn(self._capture, path)
        self.notes.extend([f"{self.description} {note}"] if note else [])

    def __iter__(self) -> Iterator[Frame]:
        clock, positions = RecordingClock(self.fps), _Intervals(self.fps)
        for number, image in enumerate(self._images()):
            position_s = clock.position_s(self._capture.get(cv2.CAP_PROP_POS_MSEC))
            positions.add(position_s)
            yield Frame(image, number, time.time(), position_s)
        self._report_missing(positions)

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def even_fps(self) -> float | None:
        """Return the usual rate of its first frames, which are read a second time for that, but not from a pipe."""
        if not self._is_file():
            return self.fps
        capture, clock = open_video(self._path), RecordingClock(self.fps)
        shown_ms = (capture.get(cv2.CAP_PROP_POS_MSEC) for _ in iter(capture.grab, False))
        positions_s = [clock.position_s(each) for each in islice(shown_ms, _SCANNED)]
        capture.release()
        return even_fps(positions_s, self.fps)

    def _images(self) -> Iterator[Image]:
        failures, most = 0, _FAILURES_AT_END if self._is_file() else _FAILURES_AT_END_OF_ADDRESS
        while failures < most:
            ok, image = self._capture.read()
            failures = 0 if ok else failures + 1
            if ok:
                yield upright(np.asarray(image, np.uint8), self._turn)

    def _report_missing(self, positions: _Intervals) -> None:
        """Note how many frames could not be read, from a few on."""
        expected = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if not 0 < expected < _MOST_FRAMES:
            return
        is_counted = self._counts_frames()
        missing = int(expected) - positions.frames if is_counted else positions.missing(int(expected))
        if missing <= _FEW:
            return
        told = f"{self.description}: {missing} of its {expected:.0f} frames could not be read; it is damaged"
        if is_counted:
            rest = "shows some pictures for longer" if self._counts_repeats() else "was cut without being encoded again"
            self.notes.append(f"{told}, or {rest}")
        else:  # an estimate
            self.notes.append(f"{told}, has holes, or its sound is longer than its picture")

    def _counts_repeats(self) -> bool:
        """Whether the file counts a picture again for each frame that repeats it, as AVI does."""
        return isinstance(self._path, Path) and self._path.suffix.lower() == ".avi"

    def _is_file(self) -> bool:
        return isinstance(self._path, Path) and self._path.is_file()

    def _counts_frames(self) -> bool:
        if not isinstance(self._path, Path) or self._path.suffix.lower() not in _COUNTING or not self._is_file():
            return False
        with self._path.open("rb") as file:
            return _FRAGMENTED not in file.read(_HEADER_BYTES)


class _Intervals:
    """Counts the frames that intervals between positions have room for, at a nominal rate."""

    def __init__(self, fps: float | None) -> None:
        self.frames = 0
        self._fps = fps
        self._last_s = 0.0
        self._regular = 0

    def add(self, position_s: float) -> None:
        self._regular += self._fps is None or (position_s - self._last_s) * self._fps < 1.5
        self._last_s = position_s
        self.frames += 1

    def missing(self, expected: int) -> int:
        """Return about how many frames are missing of those that the duration has room for."""
        if self._fps is None or not self.frames:
            return expected - self.frames
        until_last = round(self._last_s * self._fps) + 1
        within = until_last - self.frames if self._regular >= _STEADY * self.frames else 0
        after = expected - until_last
        return max(within, 0) + (after if after > _SOUND_S * self._fps else 0)


def open_video(path: Path | str) -> cv2.VideoCapture:
    """Open a file of any name, or an address; `isOpened` of the result is false if it cannot be read as a video."""
    quiet_ffmpeg()
    if isinstance(path, str):
        return cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    # Other backends than FFmpeg take digits or a % in a name for the numbering of a sequence of pictures.
    has_ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getBackends()
    with native_path(path) as name, chatter_held_back():
        return cv2.VideoCapture(name, cv2.CAP_FFMPEG if has_ffmpeg else cv2.CAP_ANY)
