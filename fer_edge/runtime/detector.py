"""Faces in a frame: YuNet through OpenCV, on a frame scaled to a fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray, from_xywh, is_centred_within
from fer_edge.native_logs import chatter_held_back
from fer_edge.preprocess import Image, resize

YUNET_FILE = Path(__file__).parent.parent / "models" / "face_detection_yunet_2023mar.onnx"

DEFAULT_WIDTH = 320
"""At 320 px YuNet takes 10-14 ms a frame on one x86 core, at full VGA size 40 ms, and finds the same upright faces."""

DEFAULT_CONFIDENCE = 0.7
"""Measured on VGA frames. Of 1,500 without a face (cuts of 21 photographs, enlarged up to several times), 53 / 23 / 7
had a false alarm at 0.6 / 0.7 / 0.8. Of FER2013 training images pasted into such frames at 80-150 px, without the hair
and chin that a whole face has, 71 / 68 / 59 % were found. Five whole portraits, turned up to 35 degrees, have a median
of 0.82 or more from a box of 40 px on."""

_NMS_IOU = 0.3
_MAX_CANDIDATES = 200


@dataclass(frozen=True, eq=False)
class Face:
    """One face that the detector found.

    Attributes:
        box_xyxy: float32 (4,), in the frame's pixels; it may reach beyond the frame.
        confidence: The detector's, 0..1.
        landmarks: float32 (5, 2), x and y in the frame's pixels: the person's right eye, left eye, the tip of the
            nose, the mouth's right and left corner.
    """

    box_xyxy: BoxArray
    confidence: float
    landmarks: npt.NDArray[np.float32]

    @property
    def roll(self) -> float:
        """How far the eyes' line is turned clockwise from level, in radians."""
        across, down = (self.landmarks[1] - self.landmarks[0]).tolist()
        return atan2(down, across)


class FaceDetector:
    """YuNet (2023mar), which takes frames of any size and keeps nothing from one to the next. One thread's own."""

    def __init__(self, width: int = DEFAULT_WIDTH, confidence: float = DEFAULT_CONFIDENCE) -> None:
        """Load the weights that ship with the package.

        Args:
            width: Pixels to which the longer side of a frame is scaled; half as many take a quarter of the time and
                lose small faces.
            confidence: Faces below it are left out, 0..1.
        """
        if width < 32 or not 0 < confidence < 1:
            raise ValueError(f"expected a width of 32 or more and a confidence within 0..1, got {width}, {confidence}")
        self._width = width
        self._size_wh = (width, width)
        with chatter_held_back():
            self._yunet = cv2.FaceDetectorYN.create(
                str(YUNET_FILE), "", self._size_wh, confidence, _NMS_IOU, _MAX_CANDIDATES
            )

    def detect(self, frame: Image) -> list[Face]:
        """Find faces, the surest first.

        Args:
            frame: uint8 (H, W) gray or (H, W, 3) BGR, 0..255, of any size.
        """
        size_wh = self._scaled_size(frame)
        if size_wh != self._size_wh:
            self._yunet.setInputSize(size_wh)
            self._size_wh = size_wh
        # Scaling a gray frame before it gets three channels is a third of the work.
        scaled = resize(frame, size_wh)
        # OpenCV's stubs do not say that the rows are None when there is no face.
        rows: Any = self._yunet.detect(cv2.cvtColor(scaled, cv2.COLOR_GRAY2BGR) if scaled.ndim == 2 else scaled)[1]
        if rows is None:
            return []
        height, width = frame.shape[:2]
        zoom = np.array([width / size_wh[0], height / size_wh[1]], np.float32)
        faces = [_read_face(row, zoom) for row in np.asarray(rows, np.float32)]
        faces.sort(key=lambda face: -face.confidence)
        # A box around a point beyond the frame is the network's extrapolation.
        return [face for face in faces if is_centred_within(face.box_xyxy, (width, height))]

    def _scaled_size(self, frame: Image) -> tuple[int, int]:
        height, width = frame.shape[:2]
        scale = self._width / max(width, height)
        return max(round(width * scale), 1), max(round(height * scale), 1)


def _read_face(row: npt.NDArray[np.float32], zoom: npt.NDArray[np.float32]) -> Face:
    """A row of FaceDetectorYN: x, y, width, height, five points x, y, confidence."""
    box_xywh = row[:4] * np.tile(zoom, 2)
    return Face(from_xywh(box_xywh), float(row[14]), row[4:14].reshape(5, 2) * zoom)
