"""Runs `fer` on frames, in the environment that it is installed in: nothing of this project is imported.

`python fer_worker.py FRAMES.npy` answers every line of standard input, a number of frames, with a line of JSON: the
processor time that they took in seconds, and how many faces were found. The first line it writes tells its versions.
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
    """Answer until standard input ends."""
    cv2.setNumThreads(1)
    detector = importlib.import_module("fer.fer").FER()  # its parts as its users get them: a Haar cascade, TFLite
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
