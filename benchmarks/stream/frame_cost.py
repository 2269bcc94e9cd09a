"""What a frame costs: processor time of the whole pipeline, beside another project's on the same frames."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Protocol

import cv2
import numpy as np
from rich.console import Console

from benchmarks.stream.scenes import photographs
from fer_edge.inference.classifier import Classifier
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, DetectionSchedule
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sources.demo import FPS, DemoSource
from fer_edge.runtime.sources.source import Frame
from fer_edge.tables import make_table

_BLOCK_FRAMES = 60
_BLOCKS = 12


class TimedPipeline(Protocol):
    """A pipeline that has its own frames, and measures itself."""

    name: str

    def process(self, frames: int) -> tuple[float, int]:
        """Go through the next frames; returns seconds of processor time and how many faces were found."""


@dataclass(frozen=True)
class FrameCost:
    """What a frame costs one pipeline.

    Attributes:
        name: Of the pipeline.
        cpu_ms: Processor time a frame, all threads together, one value a block of frames.
        faces: How many it found a frame.
    """

    name: str
    cpu_ms: list[float]
    faces: float

    @property
    def median_ms(self) -> float:
        """Of its blocks."""
        return float(np.median(self.cpu_ms))


class OwnPipeline:
    """The shipped pipeline."""

    def __init__(self, images: list[Image], every: int) -> None:
        """Look for faces in every so manieth of `images`, uint8 (H, W, 3), gone through again and again."""
        self.name = "faces looked for in each frame" if every == 1 else f"in every {every}th (default)"
        self._pipeline = make_pipeline(every)
        self._stream = numbered(images)

    def process(self, frames: int) -> tuple[float, int]:
        """As `TimedPipeline`; the frames come from memory."""
        start = time.process_time()
        faces = sum(len(self._pipeline.process(frame).faces) for frame in islice(self._stream, frames))
        return time.process_time() - start, faces


def before_a_wall() -> list[Image]:
    """Two seconds of the demo, there and back so that they can be repeated without a jump; 640x480."""
    return _there_and_back(DemoSource())


def before_photographs() -> list[Image]:
    """The same before six photographs, one after the other: what a detector takes for a face is in no plain wall."""
    walls = [np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8) for gray in photographs()]
    return [image for wall in walls for image in _there_and_back(DemoSource(wall=wall))]


def make_pipeline(every: int) -> Pipeline:
    """The shipped pipeline that looks for faces in every so manieth frame."""
    return Pipeline(FaceDetector(), Classifier.load(), schedule=DetectionSchedule(every))


def numbered(images: list[Image]) -> Iterator[Frame]:
    """Frames at the demo's rate, without an end."""
    return (Frame(image, number, 0.0, number / FPS) for number, image in enumerate(cycle(images)))


def measure_frame_costs(images: list[Image], *others: TimedPipeline) -> list[FrameCost]:
    """Measure the shipped pipeline with detection in each frame and as by default, and others, in turns.

    OpenCV has one thread, so that none of the time goes into threads that wait for each other.
    """
    pipelines: list[TimedPipeline] = [OwnPipeline(images, 1), OwnPipeline(images, DEFAULT_EVERY), *others]
    blocks: list[list[tuple[float, int]]] = [[] for _ in pipelines]
    with _one_thread():
        for _ in range(_BLOCKS + 1):
            for pipeline, measured in zip(pipelines, blocks, strict=True):
                measured.append(pipeline.process(_BLOCK_FRAMES))
    return [_cost(pipeline.name, measured[1:]) for pipeline, measured in zip(pipelines, blocks, strict=True)]


def print_frame_costs(scene: str, costs: list[FrameCost], console: Console) -> None:
    """Show the table; the first two are the shipped pipeline's."""
    table = make_table(
        f"processor time a frame of 640x480, one face {scene}",
        ["pipeline"],
        ["ms", "faces a frame", "times that of each", f"of every {DEFAULT_EVERY}th"],
    )
    for cost in costs:
        ratios = [f"{cost.median_ms / own.median_ms:.1f}" for own in costs[:2]]
        table.add_row(cost.name, f"{cost.median_ms:.2f}", f"{cost.faces:.2f}", *ratios)
    console.print(table)


def _there_and_back(source: DemoSource) -> list[Image]:
    there = [source.draw(number) for number in range(_BLOCK_FRAMES // 2)]
    return [*there, *reversed(there)]


def _cost(name: str, blocks: list[tuple[float, int]]) -> FrameCost:
    faces = sum(faces for _, faces in blocks) / (_BLOCK_FRAMES * len(blocks))
    return FrameCost(name, [seconds / _BLOCK_FRAMES * 1000 for seconds, _ in blocks], faces)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
