"""Paths of the models and the picture that ship with this package."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

SHIPPED_MODEL = FOLDER / "compact_int8.tflite"
"""The default classifier."""

YUNET_FILE = FOLDER / "face_detection_yunet_2023mar.onnx"
"""The face detector."""

PORTRAIT_FILE = FOLDER / "astronaut_portrait.jpg"
"""Portrait that the demo source shows."""


def shipped_models() -> dict[str, Path]:
    """Return the classifiers that ship with this package, by the name of their network."""
    return {path.name.removesuffix("_int8.tflite"): path for path in sorted(FOLDER.glob("*_int8.tflite"))}
