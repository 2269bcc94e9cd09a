"""Facial-expression recognition from labelled faces to a Raspberry Pi camera.

Example::

    recognizer = fer_edge.Recognizer()
    for face in recognizer("photo.jpg"):
        print(face.label, face.score)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer_edge.analysis.faces import Face, Faces
    from fer_edge.analysis.recognizer import Recognizer
    from fer_edge.errors import FerEdgeError, InputError, ModelError, SourceError
    from fer_edge.runtime.results import Event, EventKind

__all__ = [
    "Event",
    "EventKind",
    "Face",
    "Faces",
    "FerEdgeError",
    "InputError",
    "ModelError",
    "Recognizer",
    "SourceError",
    "__version__",
]

__version__ = "0.2.0"

_HOMES = {
    "Event": "fer_edge.runtime.results",
    "EventKind": "fer_edge.runtime.results",
    "Face": "fer_edge.analysis.faces",
    "Faces": "fer_edge.analysis.faces",
    "FerEdgeError": "fer_edge.errors",
    "InputError": "fer_edge.errors",
    "ModelError": "fer_edge.errors",
    "Recognizer": "fer_edge.analysis.recognizer",
    "SourceError": "fer_edge.errors",
}
"""Modules of the public names, imported on first use: importing this package loads neither NumPy nor OpenCV."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
