"""Decoding of a detector's raw outputs: anchors, confidence, boxes, landmarks, and non-maximum suppression."""

from __future__ import annotations

from math import log

import cv2
import numpy as np

from fer_edge.scores import FloatArray

STRIDES = (8, 16, 32)
"""Pixels between the anchors of each level."""

NMS_IOU = 0.3
"""Intersection over union, 0..1, above which the less sure of two boxes is dropped."""
MAX_CANDIDATES = 5000
"""Boxes kept before those of the same face are merged, of which a face has up to ten. OpenCV's own default."""


def place_anchors(size_wh: tuple[int, int]) -> FloatArray:
    """Return float32 (N, 3), each anchor's column, row and stride: levels by stride, then rows, then columns.

    Args:
        size_wh: Width and height of the network's picture, multiples of 32.
    """
    levels = []
    for stride in STRIDES:
        rows, columns = np.indices((size_wh[1] // stride, size_wh[0] // stride)).reshape(2, -1)
        levels.append(np.stack([columns, rows, np.full(rows.size, stride)], axis=1))
    return np.concatenate(levels).astype(np.float32)


def least_logit(confidence: float) -> float:
    """Return what both logits of a face reach: the confidence is the square root of two shares, each at most 1."""
    share = confidence**2
    return log(share / (1 - share))


def decode(values: FloatArray, anchors: FloatArray, confidence: float) -> FloatArray:
    """Return the faces among candidates as FaceDetectorYN does: one row a face, surest first.

    Args:
        values: float32 (N, 16): logits of class and objectness, box (4), landmarks (10).
        anchors: float32 (N, 3), theirs, from `place_anchors`.
        confidence: Least confidence of a face, 0..1.

    Returns:
        float32 (faces, 15): left, top, width, height, five points x and y, all in pixels, and the confidence, 0..1.
    """
    confidences = np.sqrt((1 / (1 + np.exp(-values[:, :2]))).prod(axis=1))
    sure = confidences >= confidence
    values, anchors, confidences = values[sure], anchors[sure], confidences[sure]
    places, strides = anchors[:, :2], anchors[:, 2:]
    sizes = np.exp(values[:, 4:6]) * strides
    corners = (places + values[:, 2:4]) * strides - sizes / 2
    points = (np.tile(places, 5) + values[:, 6:]) * strides
    rows = np.concatenate([corners, sizes, points, confidences[:, np.newaxis]], axis=1)
    return rows[surest(rows[:, :4], confidences)]


def surest(boxes_xywh: FloatArray, confidences: FloatArray) -> list[int]:
    """Return the numbers of the surest boxes among those that overlap, surest first.

    Args:
        boxes_xywh: float32 (N, 4): left, top, width, height.
        confidences: float32 (N,).
    """
    kept = cv2.dnn.NMSBoxes(boxes_xywh.tolist(), confidences.tolist(), 0.0, NMS_IOU, top_k=MAX_CANDIDATES)
    return [int(number) for number in np.ravel(np.asarray(kept))]
