from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.dataset.loading import load_dataset
from fer_edge.labels import EXPRESSIONS


@pytest.fixture(scope="session")
def write_face() -> Callable[[Path, int], None]:
    """Return a function that writes 48x48 pixels of noise to an image file, by a seed."""

    def write(path: Path, seed: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (48, 48), np.uint8))

    return write


@pytest.fixture
def tree(tmp_path: Path, write_face: Callable[[Path, int], None]) -> Path:
    """Return a folder with one image per expression in `train` and `validation`, of the seeds 0..6 and 10..16."""
    root = tmp_path / "faces"
    for i, split in enumerate(("train", "validation")):
        for label, name in enumerate(EXPRESSIONS):
            write_face(root / split / name / "a.png", 10 * i + label)
    return root


@pytest.fixture(scope="session")
def real_data() -> Dataset:
    """Load FER2013 from $FER_EDGE_DATA."""
    named = os.environ.get("FER_EDGE_DATA")
    if not named:
        pytest.skip("no real faces: set FER_EDGE_DATA to Kaggle's face-expression-recognition-dataset.zip")
    return load_dataset(named)
