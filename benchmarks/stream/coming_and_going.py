"""Compare schedules of detection on faces that come, stay and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console

from benchmarks.stream.scenes import SIZE_WH, Placement, as_a_camera_sees, photographs, place
from fer_edge.boxes import BoxArray, overlaps
from fer_edge.inference.classifier import Classifier
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.detector import Face, FaceDetector
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, DetectionSchedule
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.results import EventKind
from fer_edge.runtime.sources.source import Frame
from fer_edge.terminal.tables import make_table

FPS = 30
CLIP_S = 8.0
_MOST_FACES = 3
_SIDES = (90, 200)
_COMES_S, _LEAVES_S = (0.0, 3.0), (4.5, 6.5)
_WAY_S = (0.3, 1.5)
"""Seconds that a face takes from beyond the frame to its place, and back."""
_SWAY, _SWAY_S = 0.15, 2.0
"""Sides of a face by which it moves to and fro at its place, and how long that takes."""
_NEAR = 1 / 3
"""Sides of a face by which a box's centre may be off."""

SCHEDULES: dict[str, Callable[[], DetectionSchedule]] = {
    "each frame": lambda: DetectionSchedule(1),
    f"every {DEFAULT_EVERY}th": lambda: DetectionSchedule(whole_s=0),
    f"every {DEFAULT_EVERY}th, every second of these around the known faces": DetectionSchedule,
}
"""The first is what the others are compared with."""


@dataclass(frozen=True)
class Visit:
    """A face that comes, stays and goes.

    Attributes:
        face: uint8 (H, W), gray and square.
        side: Side in the frame, pixels.
        turn: Turn in degrees.
        spot: x and y of its place.
        way: x and y from there to beyond the frame.
        times_s: Times at which it begins to come, is there, begins to go, and is gone.
    """

    face: Image
    side: int
    turn: float
    spot: tuple[float, float]
    way: tuple[float, float]
    times_s: tuple[float, float, float, float]

    def at(self, time_s: float) -> Placement | None:
        """Return where it is, or `None` if that is beyond the frame."""
        away = float(np.interp(time_s, self.times_s, (1, 0, 0, 1)))
        sway = _SWAY * self.side * np.sin(2 * np.pi * time_s / _SWAY_S)
        x, y = self.spot[0] + away * self.way[0] + sway, self.spot[1] + away * self.way[1]
        is_gone = away == 1 or not (0 <= x < SIZE_WH[0] and 0 <= y < SIZE_WH[1])
        return None if is_gone else Placement((x, y), self.side, self.turn)


@dataclass(frozen=True)
class Kept:
    """Results of one schedule.

    Attributes:
        name: Name of the schedule.
        delays_s: Seconds until each face is shown, from the first frame in which detection in each frame shows it.
        never: Visits that are never shown, of those that detection in each frame shows.
        missing: Share of the frames, from a face's first on, in which only detection in each frame shows it, 0..1.
        iou: Mean intersection over union with the boxes of detection in each frame, 0..1.
        numbers: Numbers that a visit's face has had, mean.
        stray: Shown faces where there is none, per 1,000 frames.
        changes: Label changes per visit.
        whole: Searches of the whole frame per frame.
        around: Searches of a face's surroundings per frame.
    """

    name: str
    delays_s: list[float]
    never: int
    missing: float
    iou: float
    numbers: float
    stray: float
    changes: float
    whole: float
    around: float


def compare_schedules(faces: Image, clips: int, *, seed: int = 0) -> list[Kept]:
    """Show faces, uint8 (N, H, W), in so many clips to the shipped pipeline with each of `SCHEDULES`."""
    backgrounds, rng, classifier = photographs(), np.random.default_rng(seed), Classifier.load()
    logs = {name: _Log() for name in SCHEDULES}
    for clip in range(clips):
        visits = [_visit(faces, number, rng) for number in range(1 + clip % _MOST_FACES)]
        for log in logs.values():
            log.begin(len(visits))
        frames = _frames(visits, backgrounds[clip % len(backgrounds)], rng)
        detectors = {name: _Counter() for name in SCHEDULES}
        pipelines = {name: Pipeline(detectors[name], classifier, schedule=make()) for name, make in SCHEDULES.items()}
        for number, (image, placements) in enumerate(frames):
            for name, pipeline in pipelines.items():
                logs[name].add(pipeline, Frame(image, number, 0.0, number / FPS), placements)
        for name, log in logs.items():
            log.whole += detectors[name].whole
            log.around += detectors[name].around
    first, *_ = logs.values()
    return [log.compare(name, first) for name, log in logs.items()]


def print_schedules(kept: Sequence[Kept], console: Console) -> None:
    """Show the table."""
    left, *right = _HEADINGS
    table = make_table("faces that come and go, 30 frames a second", [left], right)
    for one in kept:
        table.add_row(*_cells(one))
    console.print(table)


_HEADINGS = ["detection in", "whole", "around", "found after, mean", "most", "never", "missing", "IoU", "numbers"]
_HEADINGS += ["stray", "changes"]


def _cells(one: Kept) -> list[str]:
    delays = one.delays_s or [float("nan")]
    return [
        one.name,
        f"{one.whole:.3f}",
        f"{one.around:.3f}",
        f"{np.mean(delays):.3f} s",
        f"{max(delays):.2f} s",
        str(one.never),
        f"{one.missing:.2%}",
        f"{one.iou:.3f}",
        f"{one.numbers:.2f}",
        f"{one.stray:.1f}",
        f"{one.changes:.2f}",
    ]


class _Counter(FaceDetector):
    """Counts its searches, and those of its second detector."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = self.around = 0

    def detect(self, frame: Image) -> list[Face]:
        self.whole += 1
        return super().detect(frame)

    def for_patches(self, side: int) -> FaceDetector:
        counter, patches = self, super().for_patches(side)

        class _Patches(FaceDetector):
            def detect(self, frame: Image) -> list[Face]:
                counter.around += 1
                return patches.detect(frame)

        return _Patches()


class _Log:
    """Boxes and numbers that a pipeline showed for each visit, by frame."""

    def __init__(self) -> None:
        self.boxes: list[dict[int, BoxArray]] = []
        self._numbers: list[set[int]] = []
        self._stray = self._frames = self._changes = self.whole = self.around = 0
        self._visits = 0

    def begin(self, visits: int) -> None:
        """Begin a clip."""
        self._visits = visits
        self.boxes += [{} for _ in range(visits)]
        self._numbers += [set() for _ in range(visits)]

    def add(self, pipeline: Pipeline, frame: Frame, placements: Sequence[Placement | None]) -> None:
        """Show a frame; each face is that of the nearest placement."""
        result = pipeline.process(frame)
        self._frames += 1
        self._changes += sum(event.kind is EventKind.CHANGED for event in result.events)
        for face in result.faces:
            visit = _nearest(face.box_xyxy, placements)
            if visit is None:
                self._stray += 1
                continue
            visit += len(self.boxes) - self._visits
            self.boxes[visit][frame.number] = face.box_xyxy
            self._numbers[visit].add(face.track_id)

    def compare(self, name: str, first: _Log) -> Kept:
        """Return the figures, compared with what `first` showed of the same visits."""
        delays, ious, never, missing, expected = [], [], 0, 0, 0
        for mine, theirs in zip(self.boxes, first.boxes, strict=True):
            if not theirs:
                continue
            if mine:
                due = {number for number in theirs if number >= min(mine)}
                expected, missing = expected + len(due), missing + len(due - mine.keys())
                delays.append(max(min(mine) - min(theirs), 0) / FPS)
            else:
                never += 1
            ious += [float(overlaps(mine[n][None], theirs[n][None])[0, 0]) for n in mine.keys() & theirs.keys()]
        shown = [len(numbers) for numbers in self._numbers if numbers]
        return Kept(
            name,
            delays,
            never,
            missing / max(expected, 1),
            float(np.mean(ious)) if ious else 0.0,
            float(np.mean(shown)) if shown else 0.0,
            1000 * self._stray / max(self._frames, 1),
            self._changes / max(len(shown), 1),
            self.whole / max(self._frames, 1),
            self.around / max(self._frames, 1),
        )


def _nearest(box_xyxy: BoxArray, placements: Sequence[Placement | None]) -> int | None:
    centre = (box_xyxy[:2] + box_xyxy[2:]) / 2
    for visit, placement in enumerate(placements):
        if placement is not None and np.abs(centre - placement.centre).max() < _NEAR * placement.side:
            return visit
    return None


def _visit(faces: Image, number: int, rng: np.random.Generator) -> Visit:
    """Make a visit; its place is in the column of its number, so that no face covers another but on its way."""
    side = int(rng.integers(*_SIDES))
    column = SIZE_WH[0] / _MOST_FACES
    spot = column * (number + 0.5) + rng.uniform(-20, 20), rng.uniform(0.35, 0.65) * SIZE_WH[1]
    angle = rng.uniform(0, 2 * np.pi)
    reach = max(SIZE_WH)
    come, leave = rng.uniform(*_COMES_S), rng.uniform(*_LEAVES_S)
    times = come, come + rng.uniform(*_WAY_S), leave, leave + rng.uniform(*_WAY_S)
    way = reach * float(np.cos(angle)), reach * float(np.sin(angle))
    face = faces[int(rng.integers(len(faces)))]
    return Visit(face, min(side, int(column)), float(rng.normal(0, 8)), spot, way, times)


def _frames(
    visits: Sequence[Visit], background: Image, rng: np.random.Generator
) -> Iterator[tuple[Image, list[Placement | None]]]:
    """Yield the frames of a clip, and where each face is."""
    for number in range(round(CLIP_S * FPS)):
        placements = [visit.at(number / FPS) for visit in visits]
        gray: npt.NDArray[np.uint8] = background
        for visit, placement in zip(visits, placements, strict=True):
            if placement is not None:
                gray = place(visit.face, gray, placement)[..., 0]
        # Gray has three equal channels, of which one costs a third.
        yield np.repeat(as_a_camera_sees(gray[..., np.newaxis], rng), 3, axis=2), placements
