"""Run the demo's frames through the shipped pipeline, with a mark wherever it reads its clock.

It does so at the start of a frame and at the end of each stage. The mark is the system call getsid, as in
count_models.py. Prints a line of JSON for each frame: its stages in order.
"""

from __future__ import annotations

import gc
import json
import os
from itertools import count, islice
from unittest.mock import patch

import cv2

from fer_edge.inference.classifier import Classifier
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, DetectionSchedule
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sources.demo import DemoSource

WARM_UP = 2 * DEFAULT_EVERY
FRAMES = 3 * DEFAULT_EVERY
"""Number of frames: complete rounds of the schedule, so that their mean is a stream's."""


def main() -> None:
    """Mark the frames after the warm-up."""
    cv2.setNumThreads(1)
    gc.disable()
    pipeline = Pipeline(FaceDetector(), Classifier.load(), schedule=DetectionSchedule(DEFAULT_EVERY))
    frames = list(islice(DemoSource(), WARM_UP + FRAMES))
    for frame in frames[:WARM_UP]:
        pipeline.process(frame)
    ticks = count()

    def clock() -> float:
        os.getsid(0)
        return float(next(ticks))

    for frame in frames[WARM_UP:]:
        with patch("time.perf_counter", clock):
            result = pipeline.process(frame)
        print(json.dumps({"stages": [stage for stage in result.timings_ms if stage != "total"]}))


if __name__ == "__main__":
    main()
