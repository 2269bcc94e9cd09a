"""OpenCV's and FFmpeg's logs, which would go to the terminal."""

from __future__ import annotations

import cv2

from fer_edge.native_logs import quiet_ffmpeg


def silence_opencv() -> None:
    """Keep the logs off the terminal: what they would say comes as an exception or a note."""
    quiet_ffmpeg()
    if hasattr(cv2, "setLogLevel"):  # until OpenCV 4.9; its level 0 is silence, as below
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
