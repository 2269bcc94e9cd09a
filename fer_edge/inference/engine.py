"""Libraries that run model files, and which of them run a file."""

from __future__ import annotations

from enum import Enum
from pathlib import Path


class Engine(str, Enum):
    """A library that runs model files.

    `TENSORFLOW` is the TFLite interpreter inside TensorFlow.
    """

    LITERT = "litert"
    TFLITE_RUNTIME = "tflite-runtime"
    TENSORFLOW = "tensorflow"
    ONNXRUNTIME = "onnxruntime"

    @property
    def module(self) -> str:
        """Name of the module that has its interpreter."""
        return _MODULES[self]


_MODULES = {
    Engine.LITERT: "ai_edge_litert.interpreter",
    Engine.TFLITE_RUNTIME: "tflite_runtime.interpreter",
    Engine.TENSORFLOW: "tensorflow.lite.python.interpreter",
    Engine.ONNXRUNTIME: "onnxruntime",
}

TFLITE_ENGINES = (Engine.LITERT, Engine.TFLITE_RUNTIME, Engine.TENSORFLOW)
"""Engines of .tflite files in order of preference."""


def engines_for(path: Path) -> tuple[Engine, ...]:
    """Return the engines that run a file, the preferred one first; none unless it is a .tflite or .onnx file."""
    return {".tflite": TFLITE_ENGINES, ".onnx": (Engine.ONNXRUNTIME,)}.get(path.suffix.lower(), ())
