"""Frames through detector, tracker, crop and classifier: what is seen in each, and how long each stage took."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from math import radians

from fer_edge.boxes import area, clip, is_centred_within
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.preprocess import Image, crop_face
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.faces.motion import MotionEstimator
from fer_edge.runtime.faces.schedule import DetectionSchedule
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.faces.tracker import Track, Tracker
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sources.source import Frame

_LEVEL = radians(5)
"""Heads turned less are cut out as they are, as in the training images."""

_LONGEST_GAP_S = 10.0
"""Nobody can say that a face is the same after a longer time without a frame, as in a recording with a hole."""


class Pipeline:
    """Finds the faces of a frame, knows them again in the next, and tells their expressions. One thread's own."""

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
            detector: Finds faces.
            classifier: Its card says how faces are cut out and how large they are.
            max_faces: How many of the largest faces to classify; the others are left out. `None` for all.
            smoothing: Of each face's scores over time; of stills only its threshold counts.
            schedule: In which frames faces are looked for.
            stills: Whether frames have nothing to do with each other, so that each stands for itself.
        """
        self._detector = detector
        self._classifier = classifier
        self._max_faces = max_faces
        self._stills = stills
        self._schedule = DetectionSchedule(1) if stills else schedule or DetectionSchedule()
        self._shape: tuple[int, ...] = ()
        self._moment = 0.0
        self._motion = MotionEstimator()
        smoothing = smoothing or Smoothing()
        if stills:
            self._tracker = Tracker(self.labels, smoothing.for_stills, sure=0)
        else:
            self._tracker = Tracker(self.labels, smoothing)

    @property
    def labels(self) -> tuple[str, ...]:
        """The expressions in the order of the scores."""
        return self._classifier.card.labels

    def process(self, frame: Frame, read_ms: float | None = None) -> FrameResult:
        """Tell what is to be seen in one frame; `read_ms` is put among the timings."""
        watch = _StopWatch({} if read_ms is None else {"read": read_ms})
        due = self._schedule.due(frame.moment)
        gone: list[Track] = []
        if self._is_unrelated(frame):
            gone, due = self._tracker.clear(), True
        self._shape, self._moment = frame.image.shape, frame.moment
        if self._schedule.every > 1:
            due |= self._follow(frame.image)
            watch.lap("track")
        if due or self._tracker.in_doubt:
            self._tracker.find(self._detector.detect(frame.image), frame.moment)
            self._schedule.done(frame.moment, frame.age_s)
            watch.lap("detect")
        tracks = self._largest(frame)
        crops = [self._crop(frame.image, track) for track in tracks]
        watch.lap("crop")
        for track, crop in zip(tracks, crops, strict=True):
            track.history.update(self._classifier.classify(crop), frame.moment)
        watch.lap("classify")
        watch.total()
        gone += self._tracker.forget(frame.moment)
        events = () if self._stills else tuple(_events(tracks, gone, frame.time))
        faces = tuple(_result(track, frame.image) for track in tracks)
        return FrameResult(frame.number, frame.time, faces, watch.times_ms, events)

    def process_all(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, FrameResult]]:
        """Process frames one after another, and time the waiting for each."""
        start = time.perf_counter()
        for frame in frames:
            yield frame, self.process(frame, read_ms=(time.perf_counter() - start) * 1000)
            start = time.perf_counter()

    def _is_unrelated(self, frame: Frame) -> bool:
        """Return whether the frame has nothing to do with the last one."""
        gap_s = frame.moment - self._moment
        return self._stills or frame.image.shape != self._shape or not 0 <= gap_s <= _LONGEST_GAP_S

    def _follow(self, image: Image) -> bool:
        """Move the faces with the picture; tells whether one was lost on the way."""
        motions = self._motion.estimate(image, [track.face.box_xyxy for track in self._tracker.tracks])
        self._tracker.move(motions)
        return any(motion is None for motion in motions)

    def _largest(self, frame: Frame) -> list[Track]:
        height, width = frame.image.shape[:2]
        tracks = [
            one for one in self._tracker.shown(frame.moment) if is_centred_within(one.face.box_xyxy, (width, height))
        ]
        return sorted(tracks, key=lambda track: -area(track.face.box_xyxy))[: self._max_faces]

    def _crop(self, image: Image, track: Track) -> Image:
        card, face = self._classifier.card, track.face
        roll = face.roll if abs(face.roll) > _LEVEL else 0.0
        return crop_face(image, face.box_xyxy, card.crop, card.input.size_wh, roll)


class _StopWatch:
    """Times one stage after another, in milliseconds."""

    def __init__(self, times_ms: dict[str, float]) -> None:
        self.times_ms = times_ms
        self._start = self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.times_ms[stage] = (now - self._last) * 1000
        self._last = now

    def total(self) -> None:
        self.times_ms["total"] = (self._last - self._start) * 1000


def _events(seen: list[Track], gone: list[Track], now: float) -> Iterator[Event]:
    """What is new since it was last told of, and remember that it has been."""
    for track in gone:
        if track.told is not None:
            yield Event(EventKind.LEFT, track.track_id, now, track.told)
    for track in seen:
        label, before = track.history.label, track.told
        track.told = label
        if before is None:
            yield Event(EventKind.APPEARED, track.track_id, now, label)
        elif label != before:
            yield Event(EventKind.CHANGED, track.track_id, now, label, before)


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
