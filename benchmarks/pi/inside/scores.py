"""Scores that model files give to faces: `scores.py FACES.npy OUTPUT.npz MODEL...`, there and here alike."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.runtime.interpreter import open_interpreter


def main(faces_file: str, output: str, *models: str) -> None:
    """Write each model's scores, float32 (N, labels), by its path; files that the interpreter refuses are left out."""
    faces = np.load(faces_file)
    scores = {}
    for model in models:
        try:
            interpreter = open_interpreter(Path(model))
        except ModelError as error:
            print(f"refused: {error}")
            continue
        scores[model] = np.array([interpreter.run(face) for face in faces])
    with Path(output).open("wb") as file:
        np.savez(file, **scores)  # type: ignore[arg-type]  # numpy's stub takes a name for its own option


if __name__ == "__main__":
    main(*sys.argv[1:])
