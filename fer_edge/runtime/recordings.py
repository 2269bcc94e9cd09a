"""A video file, read whole, with no frame passed over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from fer_edge.errors import InputError
from fer_edge.native_paths import native_path
from fer_edge.runtime.frames import Frame, Source


class VideoFile(Source):
    """Every frame of a video file."""

    def __init__(self, path: Path | str, description: str | None = None) -> None:
        """Open `path`.

        Args:
            path: A file, or as text an address.
            description: What to call it before people, if not by its path.

        Raises:
            InputError: If OpenCV cannot read it as a video.
        """
        self._capture = open_video(path)
        if not self._capture.isOpened():
            raise InputError(
                f"{description or path}: expected a video that OpenCV can read (such as .mp4, .avi or .mkv), an image "
                "or a folder of images; this is none, or is damaged"
            )
        fps = float(self._capture.get(cv2.CAP_PROP_FPS))
        super().__init__(description or str(path), live=False, fps=fps if fps > 0 else None)

    def __iter__(self) -> Iterator[Frame]:
        expected = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        number = 0
        while True:
            position_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self.fps is None else number / self.fps
            ok, image = self._capture.read()
            if not ok:
                break
            yield Frame(np.asarray(image, np.uint8), number, time.time(), position_s)
            number += 1
        # Containers' frame counts are estimates and off by a few; half of them missing means a broken file.
        if number < expected / 2:
            self.notes.append(
                f"{self.description}: only {number} of its {expected} frames could be read; it is damaged"
            )

    def close(self) -> None:
        """Close the file."""
        self._capture.release()


def open_video(path: Path | str) -> cv2.VideoCapture:
    """Open a file of any name, or an address; `isOpened` of the result is false if it cannot be read as a video."""
    if isinstance(path, str):
        return cv2.VideoCapture(path, cv2.CAP_FFMPEG)
    # Other backends than FFmpeg take digits or a % in a name for the numbering of a sequence of pictures.
    has_ffmpeg = cv2.CAP_FFMPEG in cv2.videoio_registry.getBackends()
    with native_path(path) as name:
        return cv2.VideoCapture(name, cv2.CAP_FFMPEG if has_ffmpeg else cv2.CAP_ANY)
