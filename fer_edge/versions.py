"""Versions of the tools that made a result."""

from __future__ import annotations

import importlib.metadata
import platform

from fer_edge import __version__

_DISTRIBUTIONS = (
    "numpy",
    "opencv-python-headless",
    "ai-edge-litert",
    "tflite-runtime",
    "onnxruntime",
    "tensorflow",
    "keras",
    "onnx",
    "tf2onnx",
)


def tool_versions() -> dict[str, str]:
    """Return the versions of fer-edge, Python and the installed libraries that affect results."""
    versions = {"fer-edge": __version__, "python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions
