"""How often the label of a steady face changes, and how soon a real change shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from rich.console import Console

from benchmarks.scenes import Placement, as_a_camera_sees, photographs, place
from fer_edge.preprocess import Image
from fer_edge.runtime.classifier import Classifier
from fer_edge.runtime.detector import FaceDetector
from fer_edge.runtime.frames import Frame
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.smoothing import RAW, Smoothing
from fer_edge.tables import make_table
from fer_edge.training.data import Split

FPS = 30
_STEADY_S = 6
_SWAY_PX = 1.0
_FACE = Placement((320.0, 240.0), 180)


@dataclass(frozen=True)
class Steadiness:
    """What came of one way of smoothing.

    Attributes:
        name: Of that way.
        seconds: How long steady faces were watched, all together.
        changes_a_second: Labels that changed meanwhile, after a face's first second.
        delays_s: Of each real change that was seen, until the new label showed.
        unseen: Real changes that did not show.
    """

    name: str
    seconds: float
    changes_a_second: float
    delays_s: list[float]
    unseen: int


def measure_steadiness(faces: Split, *, seed: int = 0) -> list[Steadiness]:
    """Watch each face alone for some seconds, then the next in its place, raw and as by default."""
    classifier, detector = Classifier.load(), FaceDetector()
    background, rng = photographs()[0], np.random.default_rng(seed)
    found = [image for image in faces.images if len(detector.detect(place(image, background, _FACE))) == 1]
    clips = [list(_clip(image, background, rng)) for image in found]
    return [
        _watch(name, Pipeline(detector, classifier, smoothing=smoothing), clips)
        for name, smoothing in (("raw", RAW), ("default", Smoothing()))
    ]


def print_steadiness(results: list[Steadiness], console: Console) -> None:
    """Show the table."""
    table = make_table(
        f"steady faces for {results[0].seconds:.0f} s, and changes from one to the next",
        ["smoothing"],
        ["changes a second", "delay, median s", "delay, 90 % s", "unseen"],
    )
    for one in results:
        median, most = np.percentile(one.delays_s, [50, 90]) if one.delays_s else (np.nan, np.nan)
        table.add_row(one.name, f"{one.changes_a_second:.3f}", f"{median:.2f}", f"{most:.2f}", str(one.unseen))
    console.print(table)


def _clip(face: Image, background: Image, rng: np.random.Generator) -> Iterator[Image]:
    """A face held still before a camera, by hand: it sways by a pixel or two."""
    for _ in range(_STEADY_S * FPS // 6):
        x, y = np.array(_FACE.centre) + rng.normal(0, _SWAY_PX, 2)
        frame = place(face, background, Placement((x, y), _FACE.side, float(rng.normal(0, 0.5))))
        for _ in range(6):
            yield as_a_camera_sees(frame, rng)


def _watch(name: str, pipeline: Pipeline, clips: list[list[Image]]) -> Steadiness:
    changes, unseen, number = 0, 0, 0
    delays: list[float] = []
    before = ""
    for clip in clips:
        labels = []
        for image in clip:
            result = pipeline.process(Frame(image, number, 0.0, number / FPS))
            labels.append(result.faces[0].label if result.faces else "")
            number += 1
        settled = labels[FPS:]
        changes += sum(a != b for a, b in pairwise(settled))
        usual = max(set(settled), key=settled.count)
        if before and usual != before:
            if usual in labels:
                delays.append(labels.index(usual) / FPS)
            else:
                unseen += 1
        before = usual
    seconds = len(clips) * (_STEADY_S - 1)
    return Steadiness(name, seconds, changes / seconds, delays, unseen)
