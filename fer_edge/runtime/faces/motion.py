"""Estimate how faces move from one frame to the next by optical flow: a tenth of the work of detecting them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray
from fer_edge.preprocess import Image, shrink, to_gray

PointArray = npt.NDArray[np.float32]
"""float32 (N, 2): x and y in pixels."""
Similarity = npt.NDArray[np.float64]
"""float64 (2, 3): rotation, scale and translation, from pixels of one frame to those of the next."""

_GRID = 6
_INNER = 0.7
"""Share of a box's sides that the points cover, as its corners show background."""
_WINDOW_PX = 11
_LEVELS = 3
_MAX_ERROR_PX = 1.0
_MIN_AGREEING = 0.6
_MIN_SIDE_PX = 8
_WIDTH_PX = 320
"""Width to which the longer side of a frame is scaled."""


class MotionEstimator:
    """Follows points by Lucas-Kanade optical flow; keeps the last frame."""

    def __init__(self) -> None:
        """Begin without a frame."""
        self._last: Image | None = None

    def forget(self) -> None:
        """Drop the last frame, as the next one is not estimated from it."""
        self._last = None

    def estimate(self, frame: Image, boxes: list[BoxArray]) -> list[Similarity | None]:
        """Return how faces have moved since the last frame, and keep this one.

        Args:
            frame: uint8 (H, W) or (H, W, 3) BGR; if its size is not the last one's, no motion is known.
            boxes: Boxes of the faces in the last frame, each float32 (4,), in its pixels.

        Returns:
            The motion of each face, or `None` where the points disagree or the face is too small.
        """
        last, self._last = self._last, to_gray(shrink(frame, _WIDTH_PX))
        scale = max(self._last.shape) / max(frame.shape[:2])
        if not boxes or last is None or last.shape != self._last.shape:
            return [None] * len(boxes)
        before = np.concatenate([_points(box * scale) for box in boxes])
        # OpenCV's stubs do not allow None for the points' new places.
        flow: Any = cv2.calcOpticalFlowPyrLK
        after, found, _ = flow(last, self._last, before, None, winSize=(_WINDOW_PX, _WINDOW_PX), maxLevel=_LEVELS)
        per_face = (values.reshape(len(boxes), _GRID**2, -1) for values in (before, after, found))
        motions = [_similarity(*points) for points in zip(*per_face, strict=True)]
        return [None if motion is None else motion / (1, 1, scale) for motion in motions]


def _points(box_xyxy: BoxArray) -> PointArray:
    """Return a grid of points in the middle of a box, float32 (36, 2)."""
    steps = np.linspace((1 - _INNER) / 2, (1 + _INNER) / 2, _GRID, dtype=np.float32)
    corner, size = box_xyxy[:2], box_xyxy[2:] - box_xyxy[:2]
    return corner + size * np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)


def _similarity(before: PointArray, after: PointArray, found: npt.NDArray[np.uint8]) -> Similarity | None:
    kept = found[:, 0] > 0
    if np.ptp(before, axis=0).min() < _MIN_SIDE_PX or kept.sum() < _MIN_AGREEING * len(kept):
        return None
    # OpenCV's stubs do not say that the motion is None where no two points agree.
    fit: Any = cv2.estimateAffinePartial2D
    motion, agreeing = fit(before[kept], after[kept], method=cv2.RANSAC, ransacReprojThreshold=_MAX_ERROR_PX)
    if motion is None or agreeing.sum() < _MIN_AGREEING * len(kept):
        return None
    return np.asarray(motion, np.float64)
