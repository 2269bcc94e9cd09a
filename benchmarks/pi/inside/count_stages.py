"""Run the demo's frames through the shipped pipeline, with a mark wherever it reads its clock.

It does so at the start of a frame and at the end of each stage. The mark is the system call getsid, as in
count_models.py. Prints a line of JSON for each frame: its stages in order. Detection around known faces is a stage of
its own.
"""

from __future__ import annotations

import gc
import json
import os
from itertools import count, islice
from unittest.mock import patch

import cv2

from fer_edge.inference.classifier import Classifier
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.detector import Face, FaceDetector
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, DetectionSchedule
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sources.demo import DemoSource

WARM_UP = 2 * DEFAULT_EVERY
FRAMES = 4 * DEFAULT_EVERY
"""Number of frames: complete rounds of the schedule, so that their mean is a stream's."""

AROUND = "detect around"
"""Detection around the known faces only."""


class _NotingDetector(FaceDetector):
    """Notes whether it has searched a whole frame."""

    searched = False

    def detect(self, frame: Image) -> list[Face]:
        self.searched = True
        return super().detect(frame)


def main() -> None:
    """Mark the frames after the warm-up."""
    cv2.setNumThreads(1)
    gc.disable()
    detector = _NotingDetector()
    pipeline = Pipeline(detector, Classifier.load(), schedule=DetectionSchedule(DEFAULT_EVERY))
    frames = list(islice(DemoSource(), WARM_UP + FRAMES))
    for frame in frames[:WARM_UP]:
        pipeline.process(frame)
    ticks = count()

    def clock() -> float:
        os.getsid(0)
        return float(next(ticks))

    for frame in frames[WARM_UP:]:
        detector.searched = False
        with patch("time.perf_counter", clock):
            result = pipeline.process(frame)
        names = {} if detector.searched else {"detect": AROUND}
        print(json.dumps({"stages": [names.get(stage, stage) for stage in result.timings_ms if stage != "total"]}))


if __name__ == "__main__":
    main()
