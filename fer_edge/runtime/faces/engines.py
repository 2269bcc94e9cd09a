"""The ways to run the face detector's network, and which of them suits this machine."""

from __future__ import annotations

from enum import Enum
from typing import Any, Protocol

import cv2
import numpy as np

from fer_edge.errors import InputError
from fer_edge.inference.model_choice import uses_dot_products
from fer_edge.models import FOLDER, YUNET_FILE
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.decoding import MAX_CANDIDATES, NMS_IOU
from fer_edge.runtime.faces.yunet import TFLiteYuNet
from fer_edge.scores import FloatArray
from fer_edge.terminal.native_logs import chatter_held_back


class DetectorEngine(str, Enum):
    """Engine and precision in which the detector's network is computed.

    `AUTO` is `INT8` where LiteRT can use the processor's 8-bit dot products, else `FP32`, and `OPENCV` where no TFLite
    interpreter works.
    """

    AUTO = "auto"
    INT8 = "int8"
    FP32 = "fp32"
    OPENCV = "opencv"


DETECTOR_FILES = {
    DetectorEngine.INT8: FOLDER / "detector" / "yunet_int8.tflite",
    DetectorEngine.FP32: FOLDER / "detector" / "yunet_fp16.tflite",
}
"""The same network exported: in int8, and with weights in float16 that are computed with in float32."""


class YuNet(Protocol):
    """Finds faces in a scaled picture; one thread's own.

    Attributes:
        runtime: Name and version of the library that computes it.
    """

    runtime: str

    def find(self, picture: Image) -> FloatArray:
        """Return float32 (faces, 15) for a picture uint8 (H, W) or (H, W, 3) BGR, as `decode` does."""


def choose_engine(instructions: str | None = None) -> DetectorEngine:
    """Return the engine that suits this machine.

    Args:
        instructions: Instruction set as `instruction_set` names it; `None` for this processor's.
    """
    try:
        return DetectorEngine.INT8 if uses_dot_products(instructions) else DetectorEngine.FP32
    except InputError:
        return DetectorEngine.OPENCV


def open_yunet(engine: DetectorEngine, confidence: float) -> YuNet:
    """Load the network.

    Args:
        engine: Engine of the network, not `AUTO`.
        confidence: Faces below it are left out, 0..1.

    Raises:
        ModelError: If its file is damaged.
        InputError: If the engine needs a TFLite interpreter and none works here.
    """
    if engine is DetectorEngine.OPENCV:
        return OpenCvYuNet(confidence)
    return TFLiteYuNet(DETECTOR_FILES[engine], confidence)


class OpenCvYuNet:
    """The network through OpenCV's FaceDetectorYN, which computes it in float32."""

    def __init__(self, confidence: float) -> None:
        """Load the ONNX file; faces below `confidence`, 0..1, are left out."""
        self.runtime = f"OpenCV {cv2.__version__}"
        self._size_wh = (320, 320)
        with chatter_held_back():
            self._yunet = cv2.FaceDetectorYN.create(
                str(YUNET_FILE), "", self._size_wh, confidence, NMS_IOU, MAX_CANDIDATES
            )

    def find(self, picture: Image) -> FloatArray:
        """Return float32 (faces, 15), as `YuNet` says."""
        size_wh = picture.shape[1], picture.shape[0]
        if size_wh != self._size_wh:
            self._yunet.setInputSize(size_wh)
            self._size_wh = size_wh
        # Scaling a gray frame before it gets three channels is a third of the work.
        pixels = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
        # OpenCV's stubs do not say that the rows are None when there is no face.
        rows: Any = self._yunet.detect(pixels)[1]
        return np.empty((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)
