"""OpenCV's and FFmpeg's logs, which would go to the terminal."""

from __future__ import annotations

import os

import cv2

_FFMPEG_QUIET = "-8"


def silence_opencv() -> None:
    """Keep the logs off the terminal: what they would say comes as an exception or a note."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)
    if hasattr(cv2, "setLogLevel"):  # until OpenCV 4.9; its level 0 is silence, as below
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
