"""One frame through detector, crop and classifier: what is seen in it, and how long each stage took."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray, clip
from fer_edge.preprocess import Image, crop_face
from fer_edge.runtime.classifier import Classifier
from fer_edge.runtime.detector import Face, FaceDetector
from fer_edge.runtime.frames import Frame

STAGES = ("read", "detect", "crop", "classify", "total")


@dataclass(frozen=True, eq=False)
class FaceResult:
    """One face and its expression.

    Attributes:
        box_xyxy: float32 (4,), in the frame's pixels and within the frame.
        confidence: The detector's, 0..1.
        scores: float32 (labels,), the classifier's, with a sum of 1.
        label: The expression with the highest score.
        score: That score.
    """

    box_xyxy: BoxArray
    confidence: float
    scores: npt.NDArray[np.float32]
    label: str
    score: float


@dataclass(frozen=True, eq=False)
class FrameResult:
    """What was seen in one frame.

    Attributes:
        number: Of the frame.
        time: Of the frame, in seconds since 1970.
        faces: The largest first.
        timings_ms: `detect`, `crop`, `classify` (the latter two for all faces together) and their `total`; and `read`,
            which for a live source is mostly waiting for the next frame, where it was measured.
    """

    number: int
    time: float
    faces: tuple[FaceResult, ...]
    timings_ms: dict[str, float]


class Pipeline:
    """Finds the faces of a frame and tells their expressions; keeps nothing from face to face or frame to frame."""

    def __init__(self, detector: FaceDetector, classifier: Classifier, max_faces: int | None = None) -> None:
        """Join the parts.

        Args:
            detector: Finds faces.
            classifier: Its card says how faces are cut out and how large they are.
            max_faces: How many of the largest faces to classify; the others are left out. `None` for all.
        """
        self._detector = detector
        self._classifier = classifier
        self._max_faces = max_faces

    @property
    def labels(self) -> tuple[str, ...]:
        """The expressions in the order of the scores."""
        return self._classifier.card.labels

    def process(self, frame: Frame, read_ms: float | None = None) -> FrameResult:
        """Find and classify the faces of one frame; `read_ms` is put among the timings."""
        start = time.perf_counter()
        faces = self._detector.detect(frame.image)
        faces = sorted(faces, key=lambda face: -_area(face.box_xyxy))[: self._max_faces]
        detected = time.perf_counter()
        card = self._classifier.card
        crops = [crop_face(frame.image, face.box_xyxy, card.crop, card.input.size_wh) for face in faces]
        cropped = time.perf_counter()
        scores = [self._classifier.classify(crop) for crop in crops]
        end = time.perf_counter()
        timings_ms = {} if read_ms is None else {"read": read_ms}
        timings_ms["detect"] = (detected - start) * 1000
        timings_ms["crop"] = (cropped - detected) * 1000
        timings_ms["classify"] = (end - cropped) * 1000
        timings_ms["total"] = (end - start) * 1000
        results = tuple(self._result(face, row, frame.image) for face, row in zip(faces, scores, strict=True))
        return FrameResult(frame.number, frame.time, results, timings_ms)

    def process_all(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
        """Process frames one after another, and time the waiting for each."""
        start = time.perf_counter()
        for frame in frames:
            yield frame, self.process(frame, read_ms=(time.perf_counter() - start) * 1000)
            start = time.perf_counter()

    def _result(self, face: Face, scores: npt.NDArray[np.float32], image: Image) -> FaceResult:
        height, width = image.shape[:2]
        best = int(scores.argmax())
        box_xyxy = clip(face.box_xyxy, (width, height))
        return FaceResult(box_xyxy, face.confidence, scores, self.labels[best], float(scores[best]))


def _area(box_xyxy: BoxArray) -> float:
    x1, y1, x2, y2 = box_xyxy.tolist()
    return float((x2 - x1) * (y2 - y1))
