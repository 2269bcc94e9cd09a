"""Settings of an analysis, on which its results depend."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fer_edge import __version__
from fer_edge.analysis.recognizer import Recognizer
from fer_edge.cards.stated_facts import NOTHING_STATED, StatedFacts
from fer_edge.errors import InputError
from fer_edge.files import sha256_file
from fer_edge.inference.model_choice import find_model
from fer_edge.models import SHIPPED_MODEL, shipped_models
from fer_edge.runtime.faces.detector import DEFAULT_CONFIDENCE
from fer_edge.runtime.faces.engines import DetectorEngine, choose_engine
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY
from fer_edge.runtime.faces.smoothing import Smoothing

CHUNK_S = 300.0
"""Seconds of a video that are analyzed at a time: the most that a killed run or worker loses."""

WARM_UP_S = 3.0
"""Seconds before a chunk that are analyzed again, so that faces and their smoothed scores are known at its beginning.
A lost face is remembered for 2 s, and earlier frames count for 6e-6 of the smoothed scores."""


@dataclass(frozen=True)
class Settings:
    """Settings that files are analyzed with.

    Attributes:
        model: A .tflite or .onnx file, or the name of a shipped network.
        facts: Facts that a model file without a card does not hold.
        prior: Expected share of each expression; `None` for the model's own.
        detector: Engine of the face detector's network; not `AUTO` once the settings are `settled`.
        detector_width: Pixels to which a picture's longer side is scaled to look for faces; `None` for the default.
        confidence: Least confidence of the detector in a face, 0..1.
        max_faces: Number of the largest faces of each frame; `None` for all.
        threshold: Least score of a label, 0..1.
        smoothing_s: Time constant of the mean over a face's scores.
        detect_every: Look for faces in every N-th frame of 30 a second.
        every_s: Analyze a frame each so many seconds; 0 for every frame.
        chunk_s: Seconds of a video that are analyzed at a time.
        num_threads: Threads of the model's interpreter, on which no result depends.
        thumbnails: Keep pictures of faces for the summary, rather than delete earlier ones; no table depends on it.
        model_sha256: Digest of the model's file; empty until `settled`.
        version: Version of fer-edge.
    """

    model: Path = SHIPPED_MODEL
    facts: StatedFacts = NOTHING_STATED
    prior: str | None = None
    detector: DetectorEngine = DetectorEngine.AUTO
    detector_width: int | None = None
    confidence: float = DEFAULT_CONFIDENCE
    max_faces: int | None = None
    threshold: float = Smoothing.threshold
    smoothing_s: float = Smoothing.seconds
    detect_every: int = DEFAULT_EVERY
    every_s: float = 0.0
    chunk_s: float = CHUNK_S
    num_threads: int = field(default=1, compare=False)
    thumbnails: bool = field(default=True, compare=False)
    model_sha256: str = ""
    version: str = __version__

    def __post_init__(self) -> None:
        if not (self.every_s >= 0 and self.chunk_s > 0):
            raise ValueError(f"expected an interval of at least 0 and chunks of more than 0 seconds, got {self}")

    def settled(self) -> Settings:
        """Return settings that mean the same on every machine: the detector's engine, and the model by its digest."""
        engine = choose_engine() if self.detector is DetectorEngine.AUTO else self.detector
        path = find_model(self.model).absolute()
        digest = sha256_file(path) if path.is_file() else ""
        return replace(self, detector=engine, model=_portable(path), model_sha256=digest)

    def open_recognizer(self) -> Recognizer:
        """Load the model.

        Raises:
            ModelError: If the file is missing, damaged or no expression classifier.
            InputError: If the file or fer-edge is another one here than where the settings were settled.
        """
        path = find_model(self.model)
        if self.version != __version__:
            raise InputError(f"expected fer-edge {self.version} on each machine, got {__version__} on this")
        recognizer = Recognizer(
            path,
            prior=self.prior,
            facts=self.facts,
            num_threads=self.num_threads,
            detector_width=self.detector_width,
            confidence=self.confidence,
            max_faces=self.max_faces,
            threshold=self.threshold,
            detector=self.detector,
        )
        if self.model_sha256 and sha256_file(path) != self.model_sha256:
            raise InputError(f"{path}: expected the same model file on each machine, got another one on this")
        return recognizer

    def to_json(self) -> dict[str, Any]:
        """Return all that results depend on, but the model, as JSON can hold it."""
        return {
            "version": self.version,
            "prior": self.prior,
            "facts": [self.facts.labels, self.facts.input_range, self.facts.logits],
            "detector": self.detector.value,
            "detector_width": self.detector_width,
            "confidence": self.confidence,
            "max_faces": self.max_faces,
            "threshold": self.threshold,
            "smoothing_s": self.smoothing_s,
            "detect_every": self.detect_every,
            "every_s": self.every_s,
            "chunk_s": self.chunk_s,
        }


def _portable(path: Path) -> Path:
    """Return the name of a shipped model, which other machines have elsewhere; another one's path as it is."""
    return next((Path(name) for name, shipped in shipped_models().items() if shipped == path), path)
