"""Estimate how faces move from one frame to the next by optical flow in their surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray
from fer_edge.preprocess import Image, to_gray
from fer_edge.runtime.faces.patches import cut_square, power_of_two

PointArray = npt.NDArray[np.float32]
"""float32 (N, 2): x and y in pixels."""
Similarity = npt.NDArray[np.float64]
"""float64 (2, 3): rotation, scale and translation, from pixels of one frame to those of the next."""

_GRID = 5
_INNER = 0.7
"""Share of a box's sides that the points cover, as its corners show background."""
_WINDOW_PX = 9
_LEVELS = 2
_MAX_ERROR_PX = 1.0
_MIN_AGREEING = 0.6
_MIN_SIDE_PX = 8
"""Least extent of the points of a face that is followed."""
_REACH = 0.5
"""Sides of a face by which its surroundings extend beyond its box."""
_LARGEST_PX = 100
"""Largest side to which the surroundings are shrunk."""
_SLACK = 0.1
"""Sides of the surroundings by which a face may leave their middle before new ones are cut."""

_STEPS = np.linspace((1 - _INNER) / 2, (1 + _INNER) / 2, _GRID, dtype=np.float32)
_UNIT_POINTS = np.stack(np.meshgrid(_STEPS, _STEPS), axis=-1).reshape(-1, 2)


@dataclass(frozen=True)
class _Place:
    """Part of a frame that is shrunk by a power of two, which OpenCV does in a tenth of the work of other factors.

    Attributes:
        left: First column.
        top: First row.
        side: Columns and rows, some of them beyond the frame.
        shrink: Pixels of the frame to one of the part.
    """

    left: int
    top: int
    side: int
    shrink: int

    @staticmethod
    def around(box_xyxy: BoxArray) -> _Place:
        x1, y1, x2, y2 = box_xyxy.tolist()
        half = (0.5 + _REACH) * max(x2 - x1, y2 - y1)
        shrink = power_of_two(2 * half / _LARGEST_PX)
        return _Place(round((x1 + x2) / 2 - half), round((y1 + y2) / 2 - half), ceil(2 * half), shrink)

    def suits(self, other: _Place) -> bool:
        """Return whether the face that `other` surrounds lies about in the middle of this place, too."""
        slack = _SLACK * self.side
        lefts, tops = other.left - self.left, other.top - self.top
        growth = other.side - self.side
        return max(abs(lefts), abs(tops), abs(lefts + growth), abs(tops + growth)) <= slack


@dataclass(frozen=True, eq=False)
class _Patch:
    """A place in one frame.

    Attributes:
        place: Its intended place.
        pixels: The part of it in the frame, uint8 (h, w) gray, shrunk.
        origin: x and y in the frame of its first pixel's centre, float32 (2,).
    """

    place: _Place
    pixels: Image
    origin: PointArray

    @staticmethod
    def cut(frame: Image, place: _Place) -> _Patch | None:
        """Cut a place out of a frame, uint8 (H, W) or (H, W, 3) BGR; `None` if it is beyond."""
        part = cut_square(frame, place.left, place.top, place.side, place.shrink)
        if min(part.shape[:2]) < _WINDOW_PX:
            return None
        # A copy, as whoever gave the frame may draw into it.
        pixels = part.copy() if part.ndim == 2 and place.shrink == 1 else to_gray(part)
        corner = max(place.left, 0), max(place.top, 0)
        return _Patch(place, pixels, np.array(corner, np.float32) + (place.shrink - 1) / 2)


class MotionEstimator:
    """Follows points by Lucas-Kanade optical flow; keeps each face's surroundings in the last frame."""

    def __init__(self) -> None:
        """Begin without a frame."""
        self._patches: dict[int, _Patch] = {}

    def forget(self) -> None:
        """Drop the last frame, as the next one is not estimated from it."""
        self._patches = {}

    def keep(self, frame: Image, boxes: Mapping[int, BoxArray]) -> None:
        """Keep the surroundings of faces, from which their motion to the next frame is estimated.

        Args:
            frame: uint8 (H, W) or (H, W, 3) BGR.
            boxes: Boxes of the faces in this frame by their numbers, each float32 (4,), in its pixels.
        """
        patches: dict[int, _Patch] = {}
        for number, box in boxes.items():
            place, patch = _Place.around(box), self._patches.get(number)
            if patch is None or not patch.place.suits(place):
                patch = _Patch.cut(frame, place)
            if patch is not None:
                patches[number] = patch
        self._patches = patches

    def estimate(self, frame: Image, boxes: Mapping[int, BoxArray]) -> dict[int, Similarity | None]:
        """Return how faces have moved since the last frame; call `keep` before the next one.

        Args:
            frame: uint8 (H, W) or (H, W, 3) BGR, of the last one's size.
            boxes: Boxes of the faces in the last frame, as they were kept.

        Returns:
            The motion of each face, or `None` where its points disagree, it is too small, or it was not kept.
        """
        last, self._patches = self._patches, {}
        motions: dict[int, Similarity | None] = {}
        for number, box in boxes.items():
            before = last.get(number)
            after = None if before is None else _Patch.cut(frame, before.place)
            motions[number] = None
            if before is not None and after is not None and before.pixels.shape == after.pixels.shape:
                self._patches[number] = after
                motions[number] = _motion(before, after, box)
        return motions


def _motion(before: _Patch, after: _Patch, box_xyxy: BoxArray) -> Similarity | None:
    """Return the motion of a face between two patches of the same place, in the frame's pixels."""
    shrink = before.place.shrink
    points = (box_xyxy[:2] + (box_xyxy[2:] - box_xyxy[:2]) * _UNIT_POINTS - before.origin) / np.float32(shrink)
    # OpenCV's stubs do not allow None for the points' new places.
    flow: Any = cv2.calcOpticalFlowPyrLK
    moved, found, _ = flow(
        before.pixels, after.pixels, points, None, winSize=(_WINDOW_PX, _WINDOW_PX), maxLevel=_LEVELS
    )
    motion = _similarity(points, moved, found)
    if motion is None:
        return None
    turn, shift = motion[:, :2], motion[:, 2]
    return np.column_stack([turn, shrink * shift + before.origin - turn @ before.origin])


def _similarity(before: PointArray, after: PointArray, found: npt.NDArray[np.uint8]) -> Similarity | None:
    """Return the motion that most points agree on, or `None` if there is none."""
    least = _MIN_AGREEING * len(before)
    is_kept = found[:, 0] > 0
    if np.count_nonzero(is_kept) < least or (before[-1] - before[0]).min() < _MIN_SIDE_PX:
        return None
    before, after = before[is_kept], after[is_kept]
    # OpenCV's stubs do not say that the motion is None where no two points agree. Its refinement takes six times as
    # long as finding the points that agree, and a mean of them is as good.
    fit: Any = cv2.estimateAffinePartial2D
    motion, agreeing = fit(before, after, method=cv2.RANSAC, ransacReprojThreshold=_MAX_ERROR_PX, refineIters=0)
    if motion is None or np.count_nonzero(agreeing) < least:
        return None
    agrees = agreeing[:, 0] > 0
    return _least_squares(before[agrees], after[agrees])


def _least_squares(before: PointArray, after: PointArray) -> Similarity:
    """Return the similarity of the least squared distances, with points as complex numbers: after = a * before + b."""
    z, w = (np.ascontiguousarray(points, np.float64).view(np.complex128)[:, 0] for points in (before, after))
    z_mean, w_mean = z.mean(), w.mean()
    z_centred = z - z_mean
    a = np.vdot(z_centred, w - w_mean) / np.vdot(z_centred, z_centred)
    b = w_mean - a * z_mean
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
