"""Load a Keras model and call it in this process: `python -m benchmarks.files.fresh_keras MODEL.keras`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fer_edge.benchmark.fresh import measure_here, print_fresh
from fer_edge.dataset.data import FACE_SIZE


def load(path: Path) -> Callable[[], object]:
    """Load the model, including TensorFlow's import; returns the call that scores a face."""
    from benchmarks.files.keras_model import load_keras

    classifier = load_keras(path)
    return lambda: classifier.classify(np.zeros((FACE_SIZE, FACE_SIZE), np.uint8))


if __name__ == "__main__":
    print_fresh(measure_here(lambda: load(Path(sys.argv[1]))))
