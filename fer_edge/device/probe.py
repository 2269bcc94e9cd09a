"""Tries one thing that may crash or hang the process: `python -m fer_edge.device.probe NAME [ARGUMENT]`.

Prints one JSON object: with `detail` and `facts`, or with `error` and `is_explained`, which tells whether the error
itself says what to do.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import Any

from fer_edge.errors import FerEdgeError

_TIMED_FRAMES = 7
_DARK = 4
"""Mean brightness, of 255, up to which a picture counts as black."""

# What a probe tries begins with its imports, so they are within it.


def _numpy() -> tuple[str, dict[str, Any]]:
    import numpy as np

    np.linalg.inv(np.eye(3))  # loads the linear algebra library, too
    return np.__version__, {"version": np.__version__}


def _opencv() -> tuple[str, dict[str, Any]]:
    import cv2

    cv2.VideoCapture().release()
    registry = cv2.videoio_registry
    backends = sorted({registry.getBackendName(each) for each in registry.getBackends()})
    wheels = sorted(
        name
        for each in importlib.metadata.distributions()
        if (name := each.metadata["Name"] or "").startswith("opencv-")
    )
    return cv2.__version__, {"version": cv2.__version__, "backends": backends, "wheels": wheels}


def _interpreter() -> tuple[str, dict[str, Any]]:
    import numpy as np

    from fer_edge.runtime.classifier import Classifier

    classifier = Classifier.load()
    card = classifier.card
    classifier.classify(np.zeros((card.input.height, card.input.width), np.uint8))
    model = f"{card.name}, {card.precision}, {len(card.labels)} expressions"
    return f"{classifier.runtime} runs {classifier.path.name} ({model})", {"runtime": classifier.runtime}


def _detector() -> tuple[str, dict[str, Any]]:
    from fer_edge.board import instruction_set
    from fer_edge.runtime.demo import DemoSource
    from fer_edge.runtime.detector import FaceDetector

    detector = FaceDetector()
    faces = detector.detect(DemoSource().draw(0))
    if len(faces) != 1:
        raise RuntimeError(f"expected one face in the portrait, found {len(faces)}")
    engine, confidence = detector.engine.value, faces[0].confidence
    facts = {"engine": engine, "runtime": detector.runtime, "instructions": instruction_set(), "confidence": confidence}
    computed = detector.runtime if engine == "opencv" else f"{detector.runtime} in {engine}"
    return f"{computed} ({facts['instructions']}) found the portrait's face, confidence {confidence:.2f}", facts


def _expression() -> tuple[str, dict[str, Any]]:
    from fer_edge.runtime.classifier import Classifier
    from fer_edge.runtime.demo import DemoSource
    from fer_edge.runtime.detector import FaceDetector
    from fer_edge.runtime.pipeline import Pipeline

    pipeline = Pipeline(FaceDetector(), Classifier.load(), stills=True)
    results = [pipeline.process(frame) for frame in islice(DemoSource(), _TIMED_FRAMES)]
    face = results[0].faces[0]
    total_ms = sorted(result.timings_ms["total"] for result in results)[_TIMED_FRAMES // 2]
    facts = {"label": face.label, "score": round(face.score, 4), "ms_per_frame": round(total_ms, 2)}
    return f"the portrait is {face.label} {face.score:.2f}; {total_ms:.0f} ms a frame with its detection", facts


def _picamera() -> tuple[str, dict[str, Any]]:
    picamera2 = importlib.import_module("picamera2")
    cameras = [str(each.get("Model", "unnamed")) for each in picamera2.Picamera2.global_camera_info()]
    return ", ".join(cameras), {"cameras": cameras}


def _camera(spec: str) -> tuple[str, dict[str, Any]]:
    from fer_edge.runtime.camera import open_source

    with closing(open_source(spec)) as source:
        image = next(iter(source)).image
    height, width = image.shape[:2]
    return f"{width}x{height}", {"width": width, "height": height, "is_dark": bool(image.mean() <= _DARK)}


PROBES: dict[str, Callable[..., tuple[str, dict[str, Any]]]] = {
    "numpy": _numpy,
    "opencv": _opencv,
    "interpreter": _interpreter,
    "detector": _detector,
    "expression": _expression,
    "picamera": _picamera,
    "camera": _camera,
}


def main(name: str, *arguments: str) -> int:
    """Run a probe, print what came of it, and give the exit code."""
    try:
        detail, facts = PROBES[name](*arguments)
    except FerEdgeError as error:
        print(json.dumps({"error": str(error), "is_explained": True}))
        return 1
    except Exception as error:  # whatever a broken installation raises is the finding
        print(json.dumps({"error": f"{type(error).__name__}: {error}", "is_explained": False}))
        return 1
    print(json.dumps({"detail": detail, "facts": facts}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
