"""Find known faces again in their surroundings alone: an eighth of the work of searching a frame for one face."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np

from fer_edge.boxes import BoxArray, overlaps
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.detector import Face, FaceDetector
from fer_edge.runtime.faces.patches import cut_square, power_of_two

_SIDE_PX = 96
"""Side to which surroundings are shrunk, a multiple of the 32 pixels that the network's layers need."""
_LEAST_SCALE = 1.6
"""Least side of the surroundings over the longer side of the face's box; as they are shrunk by powers of two, they have
up to twice as much."""
_MOST_FACES = 3
"""Largest number of faces whose surroundings take less time, all together, than a usual frame."""
_MIN_OVERLAP = 0.4
"""Least intersection over union of a face and the place where it was expected."""
_MAX_OVERLAP = 0.3
"""Largest intersection over union of two faces; more, and they are one that was found twice."""


class Surroundings:
    """Detects faces where they are expected. One thread's own."""

    def __init__(self, detector: FaceDetector) -> None:
        """Begin; a second network is loaded when it is first needed, as changing the size of one takes long.

        Args:
            detector: Detector of whole frames, whose confidence holds here, too.
        """
        self._detector = detector

    def detect(self, frame: Image, boxes: list[BoxArray]) -> list[Face] | None:
        """Find the face at each of `boxes`, in their order.

        Args:
            frame: uint8 (H, W) or (H, W, 3) BGR.
            boxes: Places at which faces are expected, each float32 (4,), in the frame's pixels.

        Returns:
            The faces, or `None` if one was not found, two are the same, or there are so many that searching the whole
            frame is quicker.
        """
        if len(boxes) > _MOST_FACES:
            return None
        faces: list[Face] = []
        for box in boxes:
            face = self._find(frame, box)
            if face is None:
                return None
            faces.append(face)
        return None if _has_doubles(faces) else faces

    @cached_property
    def _patch_detector(self) -> FaceDetector:
        return self._detector.for_patches(_SIDE_PX)

    def _find(self, frame: Image, box_xyxy: BoxArray) -> Face | None:
        """Return the face that overlaps a box most."""
        patch, origin, shrink = _cut(frame, box_xyxy)
        found = [_in_frame(face, origin, shrink) for face in self._patch_detector.detect(patch)]
        if not found:
            return None
        shared = overlaps(box_xyxy[np.newaxis], np.stack([face.box_xyxy for face in found]))[0]
        best = int(shared.argmax())
        return found[best] if shared[best] >= _MIN_OVERLAP else None


def _cut(frame: Image, box_xyxy: BoxArray) -> tuple[Image, BoxArray, int]:
    """Return the surroundings of a box, black beyond the frame; their corner, float32 (2,); pixels of the frame to one.

    They are moved into the frame where they fit.
    """
    x1, y1, x2, y2 = box_xyxy.tolist()
    shrink = power_of_two(_LEAST_SCALE * max(x2 - x1, y2 - y1) / _SIDE_PX)
    side = _SIDE_PX * shrink
    height, width = frame.shape[:2]
    left = max(min(round((x1 + x2 - side) / 2), width - side), 0)
    top = max(min(round((y1 + y2 - side) / 2), height - side), 0)
    part = cut_square(frame, left, top, side, shrink)
    missing = _SIDE_PX - part.shape[0], _SIDE_PX - part.shape[1]
    if any(missing):
        part = np.asarray(cv2.copyMakeBorder(part, 0, missing[0], 0, missing[1], cv2.BORDER_CONSTANT), np.uint8)
    return part, np.array([left, top], np.float32), shrink


def _in_frame(face: Face, origin: BoxArray, shrink: int) -> Face:
    """Return a patch's face in the frame's pixels."""
    return Face(face.box_xyxy * shrink + np.tile(origin, 2), face.confidence, face.landmarks * shrink + origin)


def _has_doubles(faces: list[Face]) -> bool:
    if len(faces) < 2:
        return False
    boxes = np.stack([face.box_xyxy for face in faces])
    return bool((np.triu(overlaps(boxes, boxes), 1) > _MAX_OVERLAP).any())
