"""Analyze files with `fer` as its README does, in the environment it is installed in; imports nothing of this project.

`python fer_files.py pictures FOLDER` or `python fer_files.py video FILE` prints a line of JSON: the boxes in each
picture, x, y, width and height, by the picture's name, or the number of faces in each frame of a video.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import cv2


def main(kind: str, path: Path) -> None:
    """Print what is found."""
    fer = importlib.import_module("fer.fer")
    detector = fer.FER()  # with its defaults: a Haar cascade, TFLite
    if kind == "pictures":
        print(json.dumps({file.name: _boxes(detector, file) for file in sorted(path.iterdir())}))
        return
    # fer calls these without a window too, and a headless OpenCV has neither.
    for name in ("destroyAllWindows", "waitKey"):
        setattr(cv2, name, lambda *_: -1)
    video = importlib.import_module("fer.classes").Video(str(path))
    results = video.analyze(detector, display=False, save_frames=False, save_video=False, annotate_frames=False)
    print(
        json.dumps([sum(key.startswith("box") and value is not None for key, value in one.items()) for one in results])
    )


def _boxes(detector: Any, file: Path) -> list[list[int]]:
    return [[int(value) for value in face["box"]] for face in detector.detect_emotions(cv2.imread(str(file)))]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
