"""Analyze files with `fer` as its README does, in the environment it is installed in; imports nothing of this project.

`python fer_files.py pictures FOLDER` or `python fer_files.py video FILE` prints a line of JSON: the number of faces in
each picture by its name, or those of a video's frames in order.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import cv2


def main(kind: str, path: Path) -> None:
    """Print the numbers of faces."""
    fer = importlib.import_module("fer.fer")
    detector = fer.FER()  # with its defaults: a Haar cascade, TFLite
    if kind == "pictures":
        faces = {file.name: len(detector.detect_emotions(cv2.imread(str(file)))) for file in sorted(path.iterdir())}
        print(json.dumps(faces))
        return
    video = importlib.import_module("fer.classes").Video(str(path))
    results = video.analyze(detector, display=False, save_frames=False, save_video=False, annotate_frames=False)
    print(
        json.dumps([sum(key.startswith("box") and value is not None for key, value in one.items()) for one in results])
    )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
