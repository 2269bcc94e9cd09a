"""Geometry of boxes (x1, y1, x2, y2) in pixels, the second corner exclusive."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BoxArray = npt.NDArray[np.float32]
"""float32 (4,) or (N, 4): x1, y1, x2, y2."""


def from_xywh(boxes_xywh: BoxArray) -> BoxArray:
    """Convert (..., 4) boxes from left, top, width, height to corners."""
    return np.concatenate([boxes_xywh[..., :2], boxes_xywh[..., :2] + boxes_xywh[..., 2:]], axis=-1)


def clip(boxes_xyxy: BoxArray, resolution_wh: tuple[int, int]) -> BoxArray:
    """Clip (..., 4) boxes to a picture of `resolution_wh`."""
    width, height = resolution_wh
    return np.clip(boxes_xyxy, 0, np.array([width, height, width, height], np.float32))


def crop_square(box_xyxy: BoxArray, scale: float, shift_y: float) -> BoxArray:
    """Return the square to crop for a face, (4,), which may reach beyond the picture.

    Args:
        box_xyxy: A detector's box of one face, (4,).
        scale: Side of the square, as a multiple of the geometric mean of the box's width and height.
        shift_y: Distance of the square's centre below the box's, as a fraction of the square's side.
    """
    x1, y1, x2, y2 = (float(value) for value in box_xyxy)
    side = scale * float(np.sqrt(max(x2 - x1, 0.0) * max(y2 - y1, 0.0)))
    centre_x, centre_y = (x1 + x2) / 2, (y1 + y2) / 2 + shift_y * side
    half = side / 2
    return np.array([centre_x - half, centre_y - half, centre_x + half, centre_y + half], np.float32)


def area(box_xyxy: BoxArray) -> float:
    """Return the area of one box, (4,), in square pixels."""
    x1, y1, x2, y2 = box_xyxy.tolist()
    return float((x2 - x1) * (y2 - y1))


def overlaps(boxes_xyxy: BoxArray, others_xyxy: BoxArray) -> npt.NDArray[np.float32]:
    """Return the intersection over union of each of (N, 4) boxes with each of (M, 4) others: (N, M), 0..1."""
    boxes, others = boxes_xyxy[:, np.newaxis], others_xyxy[np.newaxis]
    sides = np.minimum(boxes[..., 2:], others[..., 2:]) - np.maximum(boxes[..., :2], others[..., :2])
    shared = np.maximum(sides, 0).prod(axis=-1)
    union = (boxes[..., 2:] - boxes[..., :2]).prod(axis=-1) + (others[..., 2:] - others[..., :2]).prod(axis=-1) - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def is_centred_within(box_xyxy: BoxArray, resolution_wh: tuple[int, int]) -> bool:
    """Return true if the centre of a box, (4,), lies in a picture of `resolution_wh`."""
    x1, y1, x2, y2 = box_xyxy.tolist()
    return bool(0 <= x1 + x2 < 2 * resolution_wh[0] and 0 <= y1 + y2 < 2 * resolution_wh[1])
