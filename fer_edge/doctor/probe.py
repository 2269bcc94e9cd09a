"""Tries one thing that may crash or hang the process: `python -m fer_edge.doctor.probe NAME [ARGUMENT]`.

Prints one JSON object: either `detail` and `facts`, or `error` and `is_explained`, which is true if the error says what
to do.
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
"""Mean brightness, 0..255, up to which a picture counts as black."""

# Imports are within the probes, as they are the first thing that a probe tries.


def _numpy() -> tuple[str, dict[str, Any]]:
    import numpy as np

    np.linalg.inv(np.eye(3))  # also loads the linear algebra library
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

    from fer_edge.inference.classifier import Classifier
    from fer_edge.inference.model_choice import choice_in_words, choose_model

    classifier = Classifier.load()
    card = classifier.card
    classifier.classify(np.zeros((card.input.height, card.input.width), np.uint8))
    model = f"{card.name}, {card.precision}, {len(card.labels)} expressions"
    detail = f"{classifier.runtime} runs {classifier.path.name} ({model}); the model auto is {choice_in_words()}"
    return detail, {"runtime": classifier.runtime, "auto": choose_model()}


def _detector() -> tuple[str, dict[str, Any]]:
    from fer_edge.board import instruction_set
    from fer_edge.runtime.faces.detector import FaceDetector
    from fer_edge.runtime.sources.demo import DemoSource

    detector = FaceDetector()
    faces = detector.detect(DemoSource().draw(0))
    if len(faces) != 1:
        raise RuntimeError(f"expected one face in the portrait, found {len(faces)}")
    engine, confidence = detector.engine.value, faces[0].confidence
    facts = {"engine": engine, "runtime": detector.runtime, "instructions": instruction_set(), "confidence": confidence}
    computed = detector.runtime if engine == "opencv" else f"{detector.runtime} in {engine}"
    return f"{computed} ({facts['instructions']}) found the portrait's face, confidence {confidence:.2f}", facts


def _expression() -> tuple[str, dict[str, Any]]:
    from fer_edge.inference.classifier import Classifier
    from fer_edge.runtime.faces.detector import FaceDetector
    from fer_edge.runtime.pipeline import Pipeline
    from fer_edge.runtime.results import answer_words
    from fer_edge.runtime.sources.demo import DemoSource

    pipeline = Pipeline(FaceDetector(), Classifier.load(), stills=True)
    results = [pipeline.process(frame) for frame in islice(DemoSource(), _TIMED_FRAMES)]
    face = results[0].faces[0]
    total_ms = sorted(result.timings_ms["total"] for result in results)[_TIMED_FRAMES // 2]
    facts = {"label": face.label, "score": round(face.score, 4), "ms_per_frame": round(total_ms, 2)}
    return f"the portrait is {answer_words(face.label, face.score)}; {total_ms:.0f} ms per frame with detection", facts


def _picamera() -> tuple[str, dict[str, Any]]:
    picamera2 = importlib.import_module("picamera2")
    cameras = [str(each.get("Model", "unnamed")) for each in picamera2.Picamera2.global_camera_info()]
    return ", ".join(cameras), {"cameras": cameras}


def _camera(spec: str) -> tuple[str, dict[str, Any]]:
    from fer_edge.runtime.sources.opening import open_source

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
    """Run a probe, print its result and return the exit code."""
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
