"""Pipeline: detect, track, crop and classify the faces of each frame, and time every stage."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from math import radians

from fer_edge.boxes import area, clip, is_centred_within
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.preprocess import Image, crop_face
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.faces.events import EventReporter
from fer_edge.runtime.faces.motion import MotionEstimator
from fer_edge.runtime.faces.schedule import DetectionSchedule
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.faces.surroundings import Surroundings
from fer_edge.runtime.faces.tracker import Track, Tracker
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sources.source import Frame

_LEVEL = radians(5)
"""Largest roll of a head that is cropped without turning it, as in the training images."""


class Pipeline:
    """Detects, tracks and classifies the faces of one frame after another. For one thread only."""

    def __init__(
        self,
        detector: FaceDetector,
        classifier: ScoresFaces,
        *,
        max_faces: int | None = None,
        smoothing: Smoothing | None = None,
        schedule: DetectionSchedule | None = None,
        stills: bool = False,
    ) -> None:
        """Join the parts.

        Args:
            detector: Detects faces.
            classifier: Scores face crops; its card says how they are cropped and how large they are.
            max_faces: Number of the largest faces to classify; the others are left out. `None` for all.
            smoothing: Smoothing of each face's scores over time; of stills only its threshold counts.
            schedule: Decides in which frames faces are detected; in all of them with `stills`.
            stills: True if the frames are unrelated, so that each stands for itself.
        """
        self._detector = detector
        self._classifier = classifier
        self._max_faces = max_faces
        self._stills = stills
        self._schedule = DetectionSchedule(1) if stills else schedule or DetectionSchedule()
        self._surroundings = Surroundings(detector)
        self._motion = MotionEstimator()
        self._tracker = Tracker(self.labels, smoothing or Smoothing(), stills=stills)
        self._events = EventReporter()

    @property
    def labels(self) -> tuple[str, ...]:
        """Expressions, in the order of the scores."""
        return self._classifier.card.labels

    def process(self, frame: Frame, read_ms: float | None = None) -> FrameResult:
        """Detect, track and classify the faces in one frame; `read_ms` is recorded as stage `read`."""
        watch = _StopWatch({} if read_ms is None else {"read": read_ms})
        gone = self._tracker.begin_frame(frame.image.shape, frame.moment)
        self._track(frame, watch)
        tracks = self._largest(frame)
        crops = [self._crop(frame.image, track) for track in tracks]
        watch.lap("crop")
        for track, crop in zip(tracks, crops, strict=True):
            track.add_scores(self._classifier.classify(crop), frame.moment)
        watch.lap("classify")
        watch.total()
        gone += self._tracker.forget(frame.moment)
        events = () if self._stills else self._events.report(tracks, gone, frame.time)
        faces = tuple(_result(track, frame.image) for track in tracks)
        return FrameResult(frame.number, frame.time, faces, watch.times_ms, events)

    def process_all(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
        """Process frames one after another, and time the waiting for each."""
        start = time.perf_counter()
        for frame in frames:
            yield frame, self.process(frame, read_ms=(time.perf_counter() - start) * 1000)
            start = time.perf_counter()

    def _track(self, frame: Frame, watch: _StopWatch) -> None:
        """Follow the faces from the last frame, and detect faces if the schedule says so."""
        self._schedule.count_frame()
        if self._schedule.follows:
            self._tracker.move(self._motion.estimate(frame.image, self._tracker.boxes))
            self._motion.keep(frame.image, self._tracker.boxes)
            watch.lap("track")
        else:
            self._motion.forget()
        if self._schedule.is_due(frame.moment, requested=self._tracker.needs_detection):
            self._detect(frame)
            watch.lap("detect")

    def _detect(self, frame: Frame) -> None:
        """Detect faces around the known ones if that may do and finds each, else in the whole frame."""
        around = None
        if self._tracker.knows_places(frame.moment) and not self._schedule.is_whole_due(frame.moment):
            places = [track.face.box_xyxy for track in self._tracker.shown(frame.moment)]
            around = self._surroundings.detect(frame.image, places)
        faces = self._detector.detect(frame.image) if around is None else around
        self._tracker.update(faces, frame.moment)
        self._schedule.done(frame.moment, frame.age_s, is_whole=around is None)
        if self._schedule.follows:
            self._motion.keep(frame.image, self._tracker.boxes)

    def _largest(self, frame: Frame) -> list[Track]:
        """Return the tracks to classify, the largest first."""
        height, width = frame.image.shape[:2]
        tracks = [
            one for one in self._tracker.shown(frame.moment) if is_centred_within(one.face.box_xyxy, (width, height))
        ]
        return sorted(tracks, key=lambda track: -area(track.face.box_xyxy))[: self._max_faces]

    def _crop(self, image: Image, track: Track) -> Image:
        card, face = self._classifier.card, track.face
        roll = face.roll if abs(face.roll) > _LEVEL else 0.0
        return crop_face(image, face.box_xyxy, card.crop, card.input.size_wh, roll, card.input.colour)


class _StopWatch:
    """Times one stage after another, in ms."""

    def __init__(self, times_ms: dict[str, float]) -> None:
        self.times_ms = times_ms
        self._start = self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.times_ms[stage] = (now - self._last) * 1000
        self._last = now

    def total(self) -> None:
        self.times_ms["total"] = (self._last - self._start) * 1000


def _result(track: Track, image: Image) -> FaceResult:
    height, width = image.shape[:2]
    scores = track.history.scores
    return FaceResult(
        track.track_id,
        clip(track.face.box_xyxy, (width, height)),
        track.face.confidence,
        scores,
        track.history.label,
        float(scores.max()),
        track.face.landmarks,
    )
