"""The annotated video, which appears whole when the run ends, however it ends."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.files import atomic_path
from fer_edge.native_logs import chatter_held_back, quiet_ffmpeg
from fer_edge.native_paths import native_path
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.annotate import annotate
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.results import FrameResult

_CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "mp4v"}
_LIVE_FPS = 15.0
_IMAGES_FPS = 1.0
_LONGEST_S = 30.0
"""Longest time for which a frame is shown, where a recording has a hole."""
_LONGEST_LIVE_S = 10.0
"""Longest time where a camera was away; a run that ends then waits no longer than for other outputs."""
_LONGEST_SIDE = 8190
"""Pixels of a side that MPEG-4 can have, and even; a panorama is scaled down."""


class VideoSink:
    """Writes annotated frames to a video file.

    A video has one rate, and frames come at whatever times the device or the recording gives them: one is repeated or
    left out, so that the video runs in real time. A recording of constant rate is so written frame by frame.
    """

    def __init__(self, path: Path, labels: tuple[str, ...], *, live: bool, fps: float | None) -> None:
        """Prepare to write; the file is made with the first frame, whose size it takes.

        Args:
            path: An .mp4, .avi or .mkv file; it takes this name when it is complete.
            labels: The expressions in the order of the scores.
            live: Whether the source is live.
            fps: A recording's usual frames a second; `None` for images, which are shown for a second each.

        Raises:
            InputError: If `path` has another suffix.
        """
        if path.suffix.lower() not in _CODECS:
            raise InputError(
                f"--output {path}: expected a video ending in {', '.join(_CODECS)}, got {path.suffix or 'no ending'}"
            )
        self._path = path
        self._labels = labels
        self._live = live
        self._fps = _LIVE_FPS if live else fps or _IMAGES_FPS
        self._writer: cv2.VideoWriter | None = None
        self._size_wh = (0, 0)
        self._start = 0.0
        self._written = 0
        self._placing = ExitStack()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add one frame.

        Raises:
            FerEdgeError: If the file cannot be written as a video.
        """
        if self._writer is None:
            self._writer = self._open(frame)
        copies = self._copies_due(frame.moment) if self._live or frame.position_s is not None else 1
        if copies:
            picture = _fit(annotate(frame.image, result, self._labels), self._size_wh)
            for _ in range(copies):
                self._writer.write(picture)
        self._written += copies

    def close(self) -> None:
        """Complete the video and move it to its name; without a frame there is none."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None
        if self._written:
            self._placing.close()
        else:  # such as after a Ctrl-C while the file was being made
            self._discard(FerEdgeError("no frame was written"))

    def _open(self, frame: Frame) -> cv2.VideoWriter:
        height, width = frame.image.shape[:2]
        scale = min(_LONGEST_SIDE / max(height, width), 1)
        height, width = max(int(height * scale), 1), max(int(width * scale), 1)
        # Encoders store colour at half resolution and want even sides.
        self._size_wh = (width + width % 2, height + height % 2)
        self._start = frame.moment
        temporary = self._placing.enter_context(atomic_path(self._path))
        codec = _CODECS[self._path.suffix.lower()]
        quiet_ffmpeg()
        with native_path(temporary) as name, chatter_held_back():
            writer = cv2.VideoWriter(name, cv2.VideoWriter.fourcc(*codec), self._fps, self._size_wh)
        if writer.isOpened():
            return writer
        error = FerEdgeError(
            f"{self._path}: this OpenCV cannot write {codec} video of {width}x{height} at {self._fps:g} frames/s; "
            "try an .avi file, or another OpenCV: pip install -U opencv-python-headless"
        )
        self._discard(error)
        raise error

    def _discard(self, reason: FerEdgeError) -> None:
        """Remove the temporary file: `atomic_path` puts a file in its place unless its block fails."""
        self._placing.__exit__(type(reason), reason, None)

    def _copies_due(self, moment: float) -> int:
        copies = round((moment - self._start) * self._fps) + 1 - self._written
        most = max(round((_LONGEST_LIVE_S if self._live else _LONGEST_S) * self._fps), 1)
        if copies > most:  # go on from there, rather than catch up with every frame that follows
            self._start += (copies - most) / self._fps
        return min(max(copies, 0), most)


def _fit(picture: Image, size_wh: tuple[int, int]) -> Image:
    """Bring a picture to the video's size: scaled down if it is larger, then bordered on its right and bottom."""
    height, width = picture.shape[:2]
    scale = min(size_wh[0] / width, size_wh[1] / height)
    if scale < 1:
        picture = resize(picture, (max(int(width * scale), 1), max(int(height * scale), 1)))
        height, width = picture.shape[:2]
    if (width, height) == size_wh:
        return picture
    bordered = cv2.copyMakeBorder(picture, 0, size_wh[1] - height, 0, size_wh[0] - width, cv2.BORDER_CONSTANT)
    return np.asarray(bordered, np.uint8)
