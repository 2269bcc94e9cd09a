"""The recognizer: faces and their expressions in pictures, face crops and streams, from Python."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from fer_edge.analysis.faces import Faces
from fer_edge.analysis.images import read_image, require_pixels
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import NOTHING_STATED, StatedFacts
from fer_edge.errors import InputError, SourceError
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.model_choice import find_model
from fer_edge.inference.reweighting import for_prior
from fer_edge.models import SHIPPED_MODEL
from fer_edge.preprocess import resize
from fer_edge.runtime.faces.detector import DEFAULT_CONFIDENCE, FaceDetector
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, DetectionSchedule
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sources.opening import open_source
from fer_edge.runtime.sources.source import Frame, Source, at_most
from fer_edge.terminal.native_logs import chatter_held_back

if TYPE_CHECKING:
    from fer_edge.analysis.images import ImageLike

_LOG = logging.getLogger(__name__)


class Recognizer:
    """Finds faces and their expressions. Threads may share one: their calls wait for each other."""

    def __init__(
        self,
        model: str | os.PathLike[str] = SHIPPED_MODEL,
        *,
        prior: str | None = None,
        facts: StatedFacts = NOTHING_STATED,
        num_threads: int = 1,
        detector_width: int | None = None,
        confidence: float = DEFAULT_CONFIDENCE,
        max_faces: int | None = None,
        threshold: float = Smoothing.threshold,
        detector: DetectorEngine = DetectorEngine.AUTO,
    ) -> None:
        """Load a model.

        Args:
            model: A .tflite or .onnx file, the name of a shipped network, "compact" or "compact-s", or "auto" for the
                one that suits this processor.
            prior: Expected share of each expression, by which scores are re-weighted: "photos", "balanced",
                "photos^0.5" or shares such as "neutral=0.7,happy=0.1"; None for the model's own.
            facts: Facts that a file without a model card does not hold.
            num_threads: Threads of the classifier's interpreter.
            detector_width: Pixels to which a picture's longer side is scaled to look for faces; more finds smaller
                faces. None for a picture's own width up to 1280, and 320 in streams.
            confidence: Least confidence of the detector in a face, 0..1.
            max_faces: Return the largest faces only, at most so many; None for all.
            threshold: Least score of a label; with less a face is "uncertain".
            detector: Engine of the face detector's network.

        Raises:
            ModelError: If the file is missing, damaged or no expression classifier.
            InputError: If another value cannot be used.
        """
        path = find_model(os.fspath(model))
        with chatter_held_back():
            loaded = Classifier.load(path, num_threads=num_threads, facts=facts)
        self._classifier = loaded if prior is None else for_prior(loaded, prior, path)
        self._detector_width = detector_width
        self._confidence = confidence
        self._max_faces = max_faces
        self._threshold = threshold
        self._detector = detector
        self._lock = Lock()
        self._pictures = self._pipeline(Smoothing(threshold=threshold), stills=True)

    @property
    def labels(self) -> tuple[str, ...]:
        """The expressions in the order of the scores."""
        return self._classifier.card.labels

    @property
    def card(self) -> ModelCard:
        """The model's card."""
        return self._classifier.card

    @overload
    def __call__(self, images: ImageLike) -> Faces: ...
    @overload
    def __call__(self, images: list[Any] | tuple[Any, ...]) -> list[Faces]: ...
    def __call__(self, images: Any) -> Faces | list[Faces]:
        """Find the faces of one picture, or of each picture of a list, and their expressions.

        Args:
            images: A path, a picture file's bytes, an array uint8 (H, W) gray or (H, W, 3) BGR, 0..255, a PIL image,
                or a list or tuple of these.

        Returns:
            The faces of the picture, or a list with those of each.

        Raises:
            InputError: If a picture cannot be read, or an array has another shape or type.
        """
        if isinstance(images, (list, tuple)):
            return [self(image) for image in images]
        image = read_image(images)
        is_path = isinstance(images, (str, os.PathLike))
        with self._lock:
            result = self._pictures.process(Frame(image, 0, time.time()))
        return Faces(image, result, self.labels, source=os.fspath(images) if is_path else None)

    def classify(self, crops: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
        """Score face crops that are cut out already; no face is looked for.

        Args:
            crops: uint8 (N, H, W) gray or (N, H, W, 3) BGR, 0..255, or a sequence of crops of any sizes, each framed
                like FER2013's: the whole face, little more.

        Returns:
            float32 (N, labels), in the order of `labels`, each row with a sum of 1.

        Raises:
            InputError: If a crop has another shape or type.
        """
        if isinstance(crops, np.ndarray) and crops.ndim not in (3, 4):
            raise InputError(f"expected crops (N, H, W) or (N, H, W, 3), got {crops.shape}; for one crop, crop[None]")
        faces = [self._as_input(crop) for crop in crops]
        if not faces:
            return np.empty((0, len(self.labels)), np.float32)
        return self._classifier.classify_all(np.stack(faces))

    def stream(
        self,
        source: str | int | os.PathLike[str],
        *,
        detect_every: int = DEFAULT_EVERY,
        smoothing_s: float = Smoothing.seconds,
        max_fps: float | None = None,
    ) -> Iterator[Faces]:
        """Follow the faces of a camera, stream, video or folder of pictures from frame to frame.

        The source is opened at the first step, and closed when the iteration ends or the iterator is closed. Notes on
        the way, such as a camera that fails and comes back, go to the logger `fer_edge.analysis.recognizer`.

        Args:
            source: A webcam's number, "picamera", "auto", "demo", an address, or the path of a video, a picture or a
                folder of pictures.
            detect_every: Look for faces in every N-th frame of 30 a second, and follow them in between.
            smoothing_s: Time constant of the mean over a face's scores; 0 leaves each frame to itself.
            max_fps: Most frames a second, of a recording's own time.

        Yields:
            The faces of each frame, the largest first.

        Raises:
            InputError: If there is no such source.
            SourceError: If it cannot be opened, or stops.
        """
        with open_source(str(source), on_note=_LOG.info) as opened:
            smoothing = Smoothing(smoothing_s, self._threshold)
            pipeline = self._pipeline(smoothing, stills=opened.stills, detect_every=detect_every)
            yield from self._follow(pipeline, opened, max_fps)

    def follow(
        self, frames: Iterable[Frame], *, detect_every: int = DEFAULT_EVERY, smoothing_s: float = Smoothing.seconds
    ) -> Iterator[tuple[Frame, FrameResult]]:
        """Follow the faces in frames of a recording, as `stream` does, and yield each frame with its result."""
        smoothing = Smoothing(smoothing_s, self._threshold)
        return self._pipeline(smoothing, stills=False, detect_every=detect_every).process_all(frames)

    def _follow(self, pipeline: Pipeline, source: Source, max_fps: float | None) -> Iterator[Faces]:
        frames: Iterable[Frame] = at_most(source, max_fps, recorded=source.recorded)
        is_empty = True
        for frame, result in pipeline.process_all(frames):
            is_empty = False
            tracked = not source.stills
            yield Faces(
                frame.image, result, self.labels, source=frame.name, position_s=frame.position_s, tracked=tracked
            )
        for note in source.notes:
            _LOG.warning("%s", note)
        if is_empty:
            raise SourceError(f"{source.description} gave no frame that can be read")

    def _as_input(self, crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        require_pixels(np.asarray(crop))
        form = self._classifier.card.input.form
        return resize(form.from_bgr(crop.squeeze(2) if crop.ndim == 3 and crop.shape[2] == 1 else crop), form.size_wh)

    def _pipeline(self, smoothing: Smoothing, *, stills: bool, detect_every: int = DEFAULT_EVERY) -> Pipeline:
        return Pipeline(
            FaceDetector(self._detector_width, self._confidence, stills=stills, engine=self._detector),
            self._classifier,
            max_faces=self._max_faces,
            smoothing=smoothing,
            schedule=DetectionSchedule(detect_every),
            stills=stills,
        )
