"""Run `fer` on frames, in the environment that it is installed in; imports nothing of this project.

`python fer_worker.py FRAMES.npy` answers each line of standard input, a number of frames, with a line of JSON: the
processor time in seconds, and the number of faces found. Its first line of output has the versions.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import time
from itertools import cycle, islice

import cv2
import numpy as np


def main(frames_file: str) -> None:
    """Answer lines until standard input ends."""
    cv2.setNumThreads(1)
    detector = importlib.import_module("fer.fer").FER()  # with its defaults: a Haar cascade, TFLite
    frames = np.load(frames_file)
    detector.detect_emotions(frames[0])
    stream = cycle(frames)
    print(json.dumps({"fer": importlib.metadata.version("fer"), "opencv": cv2.__version__}), flush=True)
    for line in sys.stdin:
        start = time.process_time()
        faces = sum(len(detector.detect_emotions(frame)) for frame in islice(stream, int(line)))
        print(json.dumps({"cpu_s": time.process_time() - start, "faces": faces}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
