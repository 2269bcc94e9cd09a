"""The interpreters that model files can be run in."""

from __future__ import annotations

from enum import Enum
from pathlib import Path


class Engine(str, Enum):
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
    Engine.LITERT: "ai_edge_litert.interpreter",
    Engine.TFLITE_RUNTIME: "tflite_runtime.interpreter",
    Engine.TENSORFLOW: "tensorflow.lite.python.interpreter",
    Engine.ONNXRUNTIME: "onnxruntime",
    Engine.OPENCV: "cv2",
}

TFLITE_ENGINES = (Engine.LITERT, Engine.TFLITE_RUNTIME, Engine.TENSORFLOW)
"""In the order in which they are tried."""
ONNX_ENGINES = (Engine.ONNXRUNTIME, Engine.OPENCV)
"""The first is the one that is taken; OpenCV gets some integer files wrong without a word, so it must be asked for."""


def engines_for(path: Path) -> tuple[Engine, ...]:
    """Those that run files of this kind, the preferred one first; empty for any but .tflite and .onnx."""
    return {".tflite": TFLITE_ENGINES, ".onnx": ONNX_ENGINES}.get(path.suffix.lower(), ())
