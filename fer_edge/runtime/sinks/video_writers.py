"""Video encoders: ffmpeg, whose fragments stay readable after a kill, or OpenCV's own writer."""

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
from fer_edge.native_paths import native_path
from fer_edge.preprocess import Image
from fer_edge.runtime.sinks.unfinished import UnfinishedFile
from fer_edge.runtime.sources.recordings import open_video
from fer_edge.terminal.native_logs import chatter_held_back, quiet_ffmpeg

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v", ".webm": "VP80"}
"""FourCC code of each container's codec."""

_LARGEST_TIME_BASE = 65_535
"""Most ticks per second of MPEG-4."""
_FRAGMENT_US = 1_000_000
_LAST_BOX = b"mfro"
_LAST_BOX_BYTES = 16
"""A fragmented .mp4 file ends in a box of this type and size (ISO/IEC 14496-12, 8.8.11)."""


_MPEG4 = ("-c:v", "mpeg4", "-q:v", "3", "-pix_fmt", "yuv420p")
_H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p")
"""Options of ffmpeg's encoders: the one it always has, and the one whose videos browsers play."""


class VideoWriter(Protocol):
    """Encodes pictures of one size into a file."""

    def write(self, picture: Image) -> None:
        """Add a picture, uint8 (H, W, 3) BGR; raise FerEdgeError if the encoder has failed."""

    def close(self) -> None:
        """Complete the file; raise FerEdgeError if that fails."""

    def require_frames(self, number: int) -> None:
        """Raise FerEdgeError unless the completed file holds `number` frames."""


def open_writer(
    file: UnfinishedFile, suffix: str, size_wh: tuple[int, int], fps: float, *, h264: bool = False
) -> VideoWriter:
    """Open a video for writing.

    An .mp4 file is written by ffmpeg where that is installed, as OpenCV's cannot be read until it is complete; with
    `h264` in that codec, which `has_h264` must promise.

    Raises:
        FerEdgeError: If the installed OpenCV cannot write such a video.
    """
    program = shutil.which("ffmpeg") if suffix == ".mp4" else None
    if program is not None:
        return FfmpegWriter(program, file, size_wh, fps, _H264 if h264 else _MPEG4)
    return OpenCVWriter(file.path, CODECS[suffix], size_wh, fps)


def has_h264() -> bool:
    """Return whether ffmpeg is installed and can write H.264, which every browser plays; OpenCV from pip cannot."""
    program = shutil.which("ffmpeg")
    if program is None:
        return False
    listed = subprocess.run([program, "-hide_banner", "-encoders"], capture_output=True, check=False)
    return b" libx264 " in listed.stdout


def count_frames(path: Path) -> int:
    """Return the number of frames of a video file, 0 if it cannot be opened; they are not decoded."""
    return _grab(path, None)


def holds_a_frame(path: Path) -> bool:
    """Return whether a video file can be opened and holds a frame; at most one is read."""
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
        """Open `path`; raises FerEdgeError if the installed OpenCV has no such encoder."""
        quiet_ffmpeg()
        self._path = path
        with native_path(path) as name, chatter_held_back():
            self._writer = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*codec), fps, size_wh)
        if not self._writer.isOpened():
            width, height = size_wh
            raise FerEdgeError(
                f"the installed OpenCV cannot write {codec} video of {width}x{height} at {fps:g} frames/s; choose an "
                ".avi file, or another OpenCV: pip install -U opencv-python-headless"
            )

    def write(self, picture: Image) -> None:
        """Add a picture."""
        self._writer.write(picture)

    def close(self) -> None:
        """Complete the file."""
        self._writer.release()

    def require_frames(self, number: int) -> None:
        """Count the frames, which reads the whole file."""
        _require_counted(self._path, number)


class FfmpegWriter:
    """Runs ffmpeg, which writes a fragment each second and completes the file even if this process is killed."""

    def __init__(
        self, program: str, file: UnfinishedFile, size_wh: tuple[int, int], fps: float, encodes: tuple[str, ...]
    ) -> None:
        """Start ffmpeg with an encoder's options; it writes to the open file rather than parse the file's name."""
        width, height = size_wh
        rate = 1 / Fraction(1 / fps).limit_denominator(_LARGEST_TIME_BASE)
        reads = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(rate), "-i", "pipe:0"]
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
        """Add a picture; raises FerEdgeError with ffmpeg's reason if ffmpeg has ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(np.ascontiguousarray(picture).data)
        except BrokenPipeError as error:
            raise self._failure() from error

    def close(self) -> None:
        """Complete the file; raises FerEdgeError with ffmpeg's reason if that fails."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # its exit code says so below
            self._process.stdin.close()
        with self._errors:
            if self._process.wait():
                raise self._failure()

    def require_frames(self, number: int) -> None:
        """Look for the last box, and count the frames if it is missing.

        After a failed write, as on a full disk, ffmpeg writes nothing more, yet older versions exit with 0.
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
        return FerEdgeError(f"ffmpeg failed with exit code {code}: {lines[-1] if lines else 'it gives no reason'}")
