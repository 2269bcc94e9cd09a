"""Annotated video, which gets its name when it is complete, however the run ends."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.notes import OnNote, ignore_note
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.annotate import annotate
from fer_edge.runtime.sinks.unfinished import UnfinishedFile
from fer_edge.runtime.sinks.video_writers import CODECS, VideoWriter, holds_a_frame, open_writer
from fer_edge.runtime.sources.source import Frame

_LIVE_FPS = 15.0
_IMAGES_FPS = 1.0
_LONGEST_S = 30.0
"""Longest time for which a frame is repeated, where a recording has a gap."""
_LONGEST_LIVE_S = 10.0
"""The same for a live source; a run that ends during a gap then waits no longer than for other outputs."""
_LONGEST_SIDE = 8190
"""Longest side that MPEG-4 allows, in pixels, and even; larger pictures are scaled down."""
_SLOW_BYTES_PER_S = 5e6
"""Reading speed of a slow SD card."""
_CHECK_S = 1.0
"""Seconds between two checks of the disk."""


class VideoSink:
    """Writes annotated frames to a video file.

    A video has a constant rate, and frames may come at any times: frames are repeated or dropped so that the video
    runs in real time. Of a recording of constant rate each frame is written once.
    """

    def __init__(
        self,
        path: Path,
        labels: tuple[str, ...],
        *,
        live: bool,
        fps: float | None,
        h264: bool = False,
        on_note: OnNote = ignore_note,
    ) -> None:
        """Create the unfinished file, which locks the path; the first frame gives the video its size.

        Args:
            path: An .mp4, .avi, .mkv or .webm file; the video gets this name when it is complete.
            labels: Expressions in the order of the scores.
            live: Whether the source is live.
            fps: A recording's frames per second; `None` for images, which are shown for a second each.
            h264: Whether to encode an .mp4 file in H.264, which `has_h264` must promise.
            on_note: Takes a note if the video of an earlier run that was killed is kept under another name.

        Raises:
            InputError: If `path` has another suffix, or another process writes to it.
            FerEdgeError: If the file cannot be created.
        """
        if path.suffix.lower() not in CODECS:
            raise InputError(f"{path}: expected a video ending in {', '.join(CODECS)}, got {path.suffix or 'none'}")
        self._path = path
        self._labels = labels
        self._live = live
        self._h264 = h264
        self._fps = _LIVE_FPS if live else fps or _IMAGES_FPS
        self._writer: VideoWriter | None = None
        self._size_wh = (0, 0)
        self._start = 0.0
        self._written = 0
        self._checked = 0.0
        self._failed = False
        self._file: UnfinishedFile | None = None
        try:
            self._file = UnfinishedFile(path, on_note, is_worth_keeping=holds_a_frame)
        except OSError as error:
            raise self._failure(error, None) from error

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame.

        Raises:
            FerEdgeError: If the file cannot be written.
        """
        assert self._file is not None, "the sink is closed"
        try:
            self._write(frame, result, self._file)
        except (FerEdgeError, OSError) as error:
            self._failed = True
            raise self._failure(error, self._file) from error

    def checking_s(self) -> float:
        """Return the seconds that a slow disk needs to read the video, as `close` may do; for use by any thread."""
        file = self._file
        size = file.path.stat().st_size if file is not None and file.path.exists() else 0
        return size / _SLOW_BYTES_PER_S

    def close(self) -> None:
        """Complete the video, count its frames and give it its name; without a frame there is no video.

        Raises:
            FerEdgeError: If frames are missing, as when the disk is full; the file then keeps its unfinished name.
        """
        file, self._file = self._file, None
        if file is None:
            return
        try:
            self._complete(file)
        except (FerEdgeError, OSError) as error:
            if not self._failed:  # else `write` has raised the failure
                raise self._failure(error, file) from error
        finally:
            if file.path.exists() and not holds_a_frame(file.path):
                file.discard()
            file.leave()

    def _write(self, frame: Frame, result: FrameResult, file: UnfinishedFile) -> None:
        if self._writer is None:
            self._writer = self._open(frame, file)
        now = time.monotonic()
        if now - self._checked > _CHECK_S:
            file.require_place()
            self._checked = now
        copies = self._copies_due(frame.moment) if self._live or frame.position_s is not None else 1
        if copies:
            picture = _fit(annotate(frame.image, result, self._labels), self._size_wh)
            for _ in range(copies):
                self._writer.write(picture)
        self._written += copies

    def _open(self, frame: Frame, file: UnfinishedFile) -> VideoWriter:
        height, width = frame.image.shape[:2]
        scale = min(_LONGEST_SIDE / max(height, width), 1)
        height, width = max(int(height * scale), 1), max(int(width * scale), 1)
        # Encoders store colour at half resolution and want even sides.
        self._size_wh = (width + width % 2, height + height % 2)
        self._start = frame.moment
        return open_writer(file, self._path.suffix.lower(), self._size_wh, self._fps, h264=self._h264)

    def _complete(self, file: UnfinishedFile) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._failed or not self._written:
            return
        file.require_place()
        if self._writer is not None:
            self._writer.require_frames(self._written)
        file.place()

    def _failure(self, error: FerEdgeError | OSError, file: UnfinishedFile | None) -> FerEdgeError:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        rest = f"; what can be read of it, if anything, stays in {file.path}" if file is not None else ""
        return FerEdgeError(f"{self._path}: {reason}{rest}")

    def _copies_due(self, moment: float) -> int:
        copies = round((moment - self._start) * self._fps) + 1 - self._written
        most = max(round((_LONGEST_LIVE_S if self._live else _LONGEST_S) * self._fps), 1)
        if copies > most:  # shift the clock, or every following frame would catch up
            self._start += (copies - most) / self._fps
        return min(max(copies, 0), most)


def _fit(picture: Image, size_wh: tuple[int, int]) -> Image:
    """Fit a picture into the video's size: scale it down if it is larger, then pad it on the right and bottom."""
    height, width = picture.shape[:2]
    scale = min(size_wh[0] / width, size_wh[1] / height)
    if scale < 1:
        picture = resize(picture, (max(int(width * scale), 1), max(int(height * scale), 1)))
        height, width = picture.shape[:2]
    if (width, height) == size_wh:
        return picture
    padded = cv2.copyMakeBorder(picture, 0, size_wh[1] - height, 0, size_wh[0] - width, cv2.BORDER_CONSTANT)
    return np.asarray(padded, np.uint8)
