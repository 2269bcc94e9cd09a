"""OpenCV's log, which would go to the terminal."""

from __future__ import annotations

import cv2


def silence_opencv() -> None:
    """Keep the log off the terminal: what it would say comes as an exception or a note."""
    if hasattr(cv2, "setLogLevel"):  # until OpenCV 4.9; its level 0 is silence, as below
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
