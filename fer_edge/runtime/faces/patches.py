"""Cut squares out of frames, shrunk by powers of two: OpenCV does that in a tenth of the work of other factors."""

from __future__ import annotations

from math import ceil, log2

import cv2
import numpy as np

from fer_edge.preprocess import Image


def power_of_two(least: float) -> int:
    """Return the smallest power of two, 1 or more, that is at least `least`."""
    return 1 << ceil(log2(max(least, 1.0)))


def cut_square(frame: Image, left: int, top: int, side: int, shrink: int) -> Image:
    """Return what of a square lies in a frame, shrunk; a part of the frame itself if `shrink` is 1.

    Args:
        frame: uint8 (H, W) or (H, W, 3).
        left: First column, which may lie beyond the frame.
        top: First row, which may, too.
        side: Columns and rows in the frame's pixels.
        shrink: Pixels of the frame to one of the result; those left over at the right and bottom are left out.

    Returns:
        uint8 (h, w) or (h, w, 3), without a pixel where the square lies beyond the frame.
    """
    bottom, right = (min(first + side, most) for first, most in zip((top, left), frame.shape[:2], strict=True))
    top, left = max(top, 0), max(left, 0)
    height, width = max(bottom - top, 0) // shrink, max(right - left, 0) // shrink
    part = frame[top : top + height * shrink, left : left + width * shrink]
    if shrink == 1 or not part.size:
        return part
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
