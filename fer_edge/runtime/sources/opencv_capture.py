"""Frames through OpenCV's VideoCapture: what webcams, streams and files have in common."""

from __future__ import annotations

import cv2
import numpy as np

from fer_edge.pictures.size import require_moderate
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.recording_clock import FASTEST_FPS
from fer_edge.terminal.native_logs import chatter_held_back


class OpenCVCapture:
    """Capture of a webcam or stream through OpenCV."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        """Take over an opened capture."""
        self._capture = capture

    def read(self) -> Image | None:
        """Wait for the next frame and return it; `None` if there was none."""
        if not self._capture.grab():
            return None
        with chatter_held_back():  # a webcam's broken JPEGs
            ok, image = self._capture.retrieve()
        return np.asarray(image, np.uint8) if ok else None

    def close(self) -> None:
        """Release the device or connection."""
        self._capture.release()


def live_source(capture: cv2.VideoCapture, description: str, advice: str, timeout_s: float) -> LiveSource:
    """Return a live source of an opened capture; see `LiveSource`."""
    return LiveSource(OpenCVCapture(capture), description, fps=nominal_fps(capture), advice=advice, timeout_s=timeout_s)


def nominal_fps(capture: cv2.VideoCapture) -> float | None:
    """Return the frames per second that a device or file states, or `None` if no camera reaches what it states."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 0 < fps <= FASTEST_FPS else None


def require_moderate_video(capture: cv2.VideoCapture, description: str) -> None:
    """Check that the frames of an opened capture are not too large to decode.

    Raises:
        InputError: If they are.
    """
    width, height = (int(capture.get(side)) for side in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    require_moderate(width, height, kind=f"{description}: video")
