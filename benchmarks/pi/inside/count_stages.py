"""Run the demo's frames through the pipeline, with a mark wherever it reads its clock.

It does so at the start of a frame and at the end of each stage. The mark is the system call getsid, as in
count_models.py. Each round has its own number of faces, and a network: the default one, then the one that suits the
processor. Prints a line of JSON for each frame: its network, faces and stages in order. Detection around known faces is
a stage of its own.
"""

from __future__ import annotations

import gc
import json
import os
from itertools import count
from unittest.mock import patch

import cv2
import numpy as np

from fer_edge.inference.classifier import Classifier
from fer_edge.inference.model_choice import WITH_DOT_PRODUCTS, choose_model, find_model
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces.detector import Face, FaceDetector
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, DetectionSchedule
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sources.demo import FPS, DemoSource
from fer_edge.runtime.sources.source import Frame

WARM_UP = 2 * DEFAULT_EVERY
FRAMES = 4 * DEFAULT_EVERY
"""Number of frames: complete rounds of the schedule, so that their mean is a stream's."""

FACES = (1, 2, 4)

AROUND = "detect around"
"""Detection around the known faces only."""

_APART = 11
"""Number of frames by which a face is ahead of its neighbour, so that they move in different ways."""


class _NotingDetector(FaceDetector):
    """Notes whether it has searched a whole frame."""

    searched = False

    def detect(self, frame: Image) -> list[Face]:
        self.searched = True
        return super().detect(frame)


def draw(demo: DemoSource, number: int, faces: int) -> Image:
    """Return a frame of the demo, uint8 (480, 640, 3); for 2 to 4 faces, one of quarters, so many with the demo."""
    if faces == 1:
        return demo.draw(number)
    quarters = [resize(demo.draw(number + _APART * each), (320, 240)) for each in range(faces)]
    quarters += [np.full_like(quarters[0], 128)] * (4 - faces)
    return np.vstack([np.hstack(quarters[:2]), np.hstack(quarters[2:])])


def mark_frames(model: str, faces: int) -> None:
    """Mark the frames after the warm-up."""
    demo, detector = DemoSource(), _NotingDetector()
    classifier = Classifier.load(find_model(model))
    pipeline = Pipeline(detector, classifier, schedule=DetectionSchedule(DEFAULT_EVERY))
    ticks = count()

    def clock() -> float:
        os.getsid(0)
        return float(next(ticks))

    for number in range(WARM_UP + FRAMES):
        frame = Frame(draw(demo, number, faces), number, number / FPS, number / FPS)
        detector.searched = False
        if number < WARM_UP:
            pipeline.process(frame)
            continue
        with patch("time.perf_counter", clock):
            result = pipeline.process(frame)
        names = {} if detector.searched else {"detect": AROUND}
        stages = [names.get(stage, stage) for stage in result.timings_ms if stage != "total"]
        if len(result.faces) != faces:
            raise RuntimeError(f"expected {faces} faces in frame {number}, found {len(result.faces)}")
        print(json.dumps({"model": model, "faces": faces, "stages": stages}))


def main() -> None:
    """Mark the frames of each round."""
    cv2.setNumThreads(1)
    gc.disable()
    for model in dict.fromkeys((WITH_DOT_PRODUCTS, choose_model())):
        for faces in FACES:
            mark_frames(model, faces)


if __name__ == "__main__":
    main()
