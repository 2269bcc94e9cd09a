"""Video files, read whole, without skipping a frame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fer_edge.errors import InputError
from fer_edge.native_paths import native_path
from fer_edge.pictures.cut_off import is_cut_off
from fer_edge.pictures.upright import upright
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.opencv_capture import nominal_fps, require_moderate_video
from fer_edge.runtime.sources.orientation import take_over_turn
from fer_edge.runtime.sources.recording_clock import RecordingClock, even_fps
from fer_edge.runtime.sources.source import Frame, Source
from fer_edge.terminal.native_logs import chatter_held_back, quiet_ffmpeg

_SCANNED = 100
"""Number of first frames whose intervals give the rate."""

_FAILURES_AT_END = 1000
"""Failed reads in a row after which a file has ended, as each damaged picture, or a stretch of them, fails one."""

_FAILURES_AT_END_OF_ADDRESS = 5
"""Failed reads in a row after which an address has ended; each may wait for the network."""

_COUNTING = frozenset({".avi", ".m4v", ".mov", ".mp4"})
"""Containers that store a count of frames; for others OpenCV reports the duration times the rate."""

_FRAGMENTED = b"mvex"
"""Box of a fragmented MP4 file, as browsers record it, which stores no count of frames."""
_HEADER_BYTES = 65_536

_MOST_FRAMES = 1e9
_FEW = 2
_STEADY = 0.95
_SOUND_S = 1.0
"""Seconds by which the sound, and with it the duration, may exceed the picture."""


class VideoFile(Source):
    """Every frame of a video file, at its presentation time."""

    def __init__(self, path: Path | str, description: str | None = None) -> None:
        """Open `path`.

        Args:
            path: A file, or an address as text.
            description: Name shown to people; the path if left out.

        Raises:
            InputError: If OpenCV cannot read it as a video, or its frames are too large.
        """
        self._path = path
        self._capture = open_video(path)
        if not self._capture.isOpened():
            raise InputError(
                f"{description or path}: expected a video that OpenCV can read (such as .mp4, .avi or .mkv), an image "
                "or a folder of images, got a file of another kind or a damaged one; play it elsewhere to check"
            )
        require_moderate_video(self._capture, description or str(path))
        super().__init__(description or str(path), live=False, fps=nominal_fps(self._capture))
        self.duration_s = self._nominal_duration_s()
        self._turn, note = take_over_turn(self._capture, path)
        self.notes.extend([f"{self.description} {note}"] if note else [])

    def __iter__(self) -> Iterator[Frame]:
        clock, intervals = RecordingClock(self.fps), Intervals(self.fps)
        for number, image in enumerate(self._images()):
            position_s = clock.position_s(self._capture.get(cv2.CAP_PROP_POS_MSEC))
            intervals.add(position_s)
            yield Frame(image, number, time.time(), position_s)
        note = self.missing_note(intervals)
        self.notes.extend([note] if note else [])

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def even_fps(self) -> float | None:
        """Return the usual rate of the first frames, which are read once more for it; of a pipe, the nominal rate."""
        if not self._is_file():
            return self.fps
        capture, clock = open_video(self._path), RecordingClock(self.fps)
        shown_ms = (capture.get(cv2.CAP_PROP_POS_MSEC) for _ in iter(capture.grab, False))
        positions_s = [clock.position_s(each) for each in islice(shown_ms, _SCANNED)]
        capture.release()
        return even_fps(positions_s, self.fps)

    @property
    def expected_frames(self) -> int | None:
        """Number of frames that the file states, or its duration at the nominal rate; `None` if it states neither."""
        expected = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        return int(expected) if 0 < expected < _MOST_FRAMES else None

    def missing_note(self, intervals: Intervals) -> str | None:
        """Return a note on frames that could not be read, if more than a few, or on an end that is missing."""
        note = self._count_note(intervals)
        if note is None and isinstance(self._path, Path) and self._is_file() and is_cut_off(self._path):
            return f"{self.description}: its end is missing, and frames with it; it was cut off"
        return note

    def _count_note(self, intervals: Intervals) -> str | None:
        expected = self.expected_frames
        if expected is None:
            return None
        is_counted = self._counts_frames()
        missing = expected - intervals.frames if is_counted else intervals.missing(expected)
        if missing <= _FEW:
            return None
        note = f"{self.description}: {missing} of its {expected} frames could not be read; it is damaged"
        if is_counted:
            rest = "shows some pictures for longer" if self._counts_repeats() else "was cut without being encoded again"
            return f"{note}, or {rest}"
        return f"{note}, has holes, or its sound is longer than its picture"  # an estimate

    def _nominal_duration_s(self) -> float | None:
        """Return the length that the file states; of a pipe or an address none."""
        frames = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        is_stated = self._is_file() and self.fps is not None and 0 < frames < _MOST_FRAMES
        return frames / self.fps if is_stated and self.fps else None

    def _images(self) -> Iterator[Image]:
        for _ in self._grabs():
            ok, image = self._capture.retrieve()
            if ok:
                yield upright(np.asarray(image, np.uint8), self._turn)

    def _grabs(self) -> Iterator[None]:
        """Decode one frame after another, to be retrieved if it is wanted."""
        failures, most = 0, _FAILURES_AT_END if self._is_file() else _FAILURES_AT_END_OF_ADDRESS
        while failures < most:
            ok = self._capture.grab()
            failures = 0 if ok else failures + 1
            if ok:
                yield

    def _counts_repeats(self) -> bool:
        """Return whether the file counts a picture again for each frame that repeats it, as AVI does."""
        return isinstance(self._path, Path) and self._path.suffix.lower() == ".avi"

    def _is_file(self) -> bool:
        return isinstance(self._path, Path) and self._path.is_file()

    def _counts_frames(self) -> bool:
        if not isinstance(self._path, Path) or self._path.suffix.lower() not in _COUNTING or not self._is_file():
            return False
        with self._path.open("rb") as file:
            return _FRAGMENTED not in file.read(_HEADER_BYTES)


@dataclass
class Intervals:
    """Estimates how many frames are missing, from the positions of the others and a nominal rate.

    Attributes:
        fps: Nominal rate; `None` if there is none.
        frames: Number of frames.
        last_s: Position of the last one in seconds.
        regular: Number of frames that came when they were due after the one before.
    """

    fps: float | None
    frames: int = 0
    last_s: float = 0.0
    regular: int = 0

    def add(self, position_s: float) -> None:
        """Count a frame at a position in seconds."""
        self.regular += self.fps is None or (position_s - self.last_s) * self.fps < 1.5
        self.last_s = position_s
        self.frames += 1

    def missing(self, expected: int) -> int:
        """Return about how many frames are missing of the `expected` ones that fill the duration."""
        if self.fps is None or not self.frames:
            return expected - self.frames
        until_last = round(self.last_s * self.fps) + 1
        within = until_last - self.frames if self.regular >= _STEADY * self.frames else 0
        after = expected - until_last
        return max(within, 0) + (after if after > _SOUND_S * self.fps else 0)


def open_video(path: Path | str) -> cv2.VideoCapture:
    """Open a file of any name, or an address; `isOpened` of the result is false if it is not a video."""
    quiet_ffmpeg()
    if isinstance(path, str):
        return cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    # Other backends than FFmpeg read digits or a % in a name as the pattern of an image sequence.
    has_ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getBackends()
    with native_path(path) as name, chatter_held_back():
        return cv2.VideoCapture(name, cv2.CAP_FFMPEG if has_ffmpeg else cv2.CAP_ANY)
