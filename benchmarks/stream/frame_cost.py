"""Processor time of the whole pipeline per frame, compared with another project's on the same frames."""

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
from fer_edge.terminal.tables import make_table

_BLOCK_FRAMES = 60
_BLOCKS = 12


class TimedPipeline(Protocol):
    """Pipeline with frames of its own, which measures its processor time."""

    name: str

    def process(self, frames: int) -> tuple[float, int]:
        """Process the next frames; returns the processor time in seconds and the number of faces found."""


@dataclass(frozen=True)
class FrameCost:
    """Cost of a frame in one pipeline.

    Attributes:
        name: Name of the pipeline.
        cpu_ms: Processor time per frame of each block of frames, all threads together, ms.
        faces: Mean number of faces found per frame.
    """

    name: str
    cpu_ms: list[float]
    faces: float

    @property
    def median_ms(self) -> float:
        """Median processor time per frame over the blocks, ms."""
        return float(np.median(self.cpu_ms))


class OwnPipeline:
    """The shipped pipeline, with frames from memory."""

    def __init__(self, images: list[Image], every: int) -> None:
        """Detect faces in every N-th of `images`, uint8 (H, W, 3), which are repeated endlessly; N is `every`."""
        self.name = "detection in each frame" if every == 1 else f"in every {every}th (default)"
        self._pipeline = make_pipeline(every)
        self._stream = numbered(images)

    def process(self, frames: int) -> tuple[float, int]:
        """Process the next frames; returns the processor time in seconds and the number of faces found."""
        start = time.process_time()
        faces = sum(len(self._pipeline.process(frame).faces) for frame in islice(self._stream, frames))
        return time.process_time() - start, faces


def before_a_wall() -> list[Image]:
    """Return two seconds of the demo, 640x480, forwards and backwards, so that they repeat without a jump."""
    return _there_and_back(DemoSource())


def before_photographs() -> list[Image]:
    """Return `before_a_wall` with six photographs as backgrounds, in which a detector may see false faces."""
    walls = [np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8) for gray in photographs()]
    return [image for wall in walls for image in _there_and_back(DemoSource(wall=wall))]


def make_pipeline(every: int) -> Pipeline:
    """Return the shipped pipeline with detection in every N-th frame; N is `every`."""
    return Pipeline(FaceDetector(), Classifier.load(), schedule=DetectionSchedule(every))


def numbered(images: list[Image]) -> Iterator[Frame]:
    """Return endless frames at the demo's rate."""
    return (Frame(image, number, 0.0, number / FPS) for number, image in enumerate(cycle(images)))


def measure_frame_costs(images: list[Image], *others: TimedPipeline) -> list[FrameCost]:
    """Measure the shipped pipeline, with detection in each frame and by default, and others, in turns.

    OpenCV has one thread, so that no time is spent in threads that wait for each other.
    """
    pipelines: list[TimedPipeline] = [OwnPipeline(images, 1), OwnPipeline(images, DEFAULT_EVERY), *others]
    blocks: list[list[tuple[float, int]]] = [[] for _ in pipelines]
    with _one_thread():
        for _ in range(_BLOCKS + 1):
            for pipeline, measured in zip(pipelines, blocks, strict=True):
                measured.append(pipeline.process(_BLOCK_FRAMES))
    return [_cost(pipeline.name, measured[1:]) for pipeline, measured in zip(pipelines, blocks, strict=True)]


def print_frame_costs(scene: str, costs: list[FrameCost], console: Console) -> None:
    """Print the table; the first two costs are the shipped pipeline's."""
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
