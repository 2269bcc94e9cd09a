"""Encoders of video files: ffmpeg in fragments, which a kill leaves readable, or OpenCV's own writer."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from fer_edge.errors import FerEdgeError
from fer_edge.native_logs import chatter_held_back, quiet_ffmpeg
from fer_edge.native_paths import native_path
from fer_edge.preprocess import Image
from fer_edge.runtime.sinks.unfinished import UnfinishedFile
from fer_edge.runtime.sources.recordings import open_video

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}
"""Codec of each container, as OpenCV calls it."""

_LARGEST_TIME_BASE = 65_535
"""Ticks a second that MPEG-4 can count."""
_FRAGMENT_US = 1_000_000
_LAST_BOX = b"mfro"
_LAST_BOX_BYTES = 16
"""An .mp4 file of fragments ends in this box (ISO/IEC 14496-12, 8.8.11)."""


class VideoWriter(Protocol):
    """Encodes pictures of one size into a file."""

    def write(self, picture: Image) -> None:
        """Add a picture, uint8 (H, W, 3) BGR; raise FerEdgeError if the encoder has failed."""

    def close(self) -> None:
        """Complete the file; raise FerEdgeError if that fails."""

    def require_frames(self, number: int) -> None:
        """Check that the completed file holds so many frames; raise FerEdgeError if not."""


def open_writer(file: UnfinishedFile, suffix: str, size_wh: tuple[int, int], fps: float) -> VideoWriter:
    """Begin a video.

    An .mp4 file is written by ffmpeg where that is installed, as OpenCV's is worth nothing until it is complete.

    Raises:
        FerEdgeError: If this OpenCV cannot write such a video.
    """
    program = shutil.which("ffmpeg") if suffix == ".mp4" else None
    if program is not None:
        return FfmpegWriter(program, file, size_wh, fps)
    return OpenCVWriter(file.path, CODECS[suffix], size_wh, fps)


def count_frames(path: Path) -> int:
    """Return how many frames a video file holds, 0 if it cannot be opened; they are not decoded."""
    return _grab(path, None)


def holds_a_frame(path: Path) -> bool:
    """Return whether a video file can be opened and holds a frame; no more than that one is read."""
    return _grab(path, 1) > 0


def _grab(path: Path, most: int | None) -> int:
    capture = open_video(path)
    capture.set(cv2.CAP_PROP_FORMAT, -1)
    frames = sum(1 for _ in islice(iter(capture.grab, False), most))
    capture.release()
    return frames


def _require_counted(path: Path, number: int) -> None:
    found = count_frames(path)
    if found < number:
        raise FerEdgeError(f"only {found} of its {number} frames are in the file; check the disk")


class OpenCVWriter:
    """OpenCV's writer, which reports nothing once it is open."""

    def __init__(self, path: Path, codec: str, size_wh: tuple[int, int], fps: float) -> None:
        """Open `path`; raises FerEdgeError if this OpenCV has no such encoder."""
        quiet_ffmpeg()
        self._path = path
        with native_path(path) as name, chatter_held_back():
            self._writer = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*codec), fps, size_wh)
        if not self._writer.isOpened():
            width, height = size_wh
            raise FerEdgeError(
                f"this OpenCV cannot write {codec} video of {width}x{height} at {fps:g} frames/s; try an .avi file, or "
                "another OpenCV: pip install -U opencv-python-headless"
            )

    def write(self, picture: Image) -> None:
        """Add a picture."""
        self._writer.write(picture)

    def close(self) -> None:
        """Complete the file."""
        self._writer.release()

    def require_frames(self, number: int) -> None:
        """Count the frames, for which all of the file is read."""
        _require_counted(self._path, number)


class FfmpegWriter:
    """The ffmpeg program, which writes a fragment each second and completes the file even if this process is killed."""

    def __init__(self, program: str, file: UnfinishedFile, size_wh: tuple[int, int], fps: float) -> None:
        """Start it; it writes to the open file, so that no name can mislead it."""
        width, height = size_wh
        rate = 1 / Fraction(1 / fps).limit_denominator(_LARGEST_TIME_BASE)
        reads = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(rate), "-i", "pipe:0"]
        encodes = ["-c:v", "mpeg4", "-q:v", "3", "-pix_fmt", "yuv420p"]
        fragments = ["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-frag_duration", str(_FRAGMENT_US)]
        self._path = file.path
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._process = subprocess.Popen(
            [program, "-nostdin", "-loglevel", "error", *reads, *encodes, *fragments, "-f", "mp4", "pipe:1"],
            stdin=subprocess.PIPE,
            stdout=file.descriptor,
            stderr=self._errors,
            start_new_session=True,  # or Ctrl-C would reach it before the last pictures
        )

    def write(self, picture: Image) -> None:
        """Add a picture; raises FerEdgeError with ffmpeg's reason if it has ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.ascontiguousarray(picture).data)
        except BrokenPipeError as error:
            raise self._failure() from error

    def close(self) -> None:
        """Complete the file; raises FerEdgeError with ffmpeg's reason if it fails."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # its exit code says so below
            self._process.stdin.close()
        with self._errors:
            if self._process.wait():
                raise self._failure()

    def require_frames(self, number: int) -> None:
        """Look for the last box, and count the frames if it is not there.

        ffmpeg writes nothing more after a write that failed, as on a full disk, and older ones end with 0 nevertheless.
        """
        with self._path.open("rb") as video:
            video.seek(-min(_LAST_BOX_BYTES, self._path.stat().st_size), os.SEEK_END)
            ending = video.read()
        if ending[4:8] != _LAST_BOX:
            _require_counted(self._path, number)

    def _failure(self) -> FerEdgeError:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return FerEdgeError(f"ffmpeg ended with {code}: {lines[-1] if lines else 'it gives no reason'}")
