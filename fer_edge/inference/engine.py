"""The interpreters that model files can be run in."""

from __future__ import annotations

from enum import Enum
from pathlib import Path


class Family(str, Enum):
    """A library that runs model files.

    `TENSORFLOW` is the TFLite interpreter inside TensorFlow; `OPENCV` is OpenCV's dnn module, for float ONNX files.
    """

    LITERT = "litert"
    TFLITE_RUNTIME = "tflite-runtime"
    TENSORFLOW = "tensorflow"
    ONNXRUNTIME = "onnxruntime"
    OPENCV = "opencv"

    @property
    def module(self) -> str:
        """What is imported for it."""
        return _MODULES[self]


_MODULES = {
    Family.LITERT: "ai_edge_litert.interpreter",
    Family.TFLITE_RUNTIME: "tflite_runtime.interpreter",
    Family.TENSORFLOW: "tensorflow.lite.python.interpreter",
    Family.ONNXRUNTIME: "onnxruntime",
    Family.OPENCV: "cv2",
}

TFLITE_FAMILIES = (Family.LITERT, Family.TFLITE_RUNTIME, Family.TENSORFLOW)
"""In the order in which they are tried."""
ONNX_FAMILIES = (Family.ONNXRUNTIME, Family.OPENCV)
"""The first is the one that is taken; OpenCV gets some integer files wrong without a word, so it must be asked for."""


def families_for(path: Path) -> tuple[Family, ...]:
    """Those that run files of this kind, the preferred one first; empty for any but .tflite and .onnx."""
    return {".tflite": TFLITE_FAMILIES, ".onnx": ONNX_FAMILIES}.get(path.suffix.lower(), ())
