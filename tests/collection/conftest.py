"""Frames and crops of the demo's portrait, as pictures of one person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_edge.collection.collecting import frame_face
from fer_edge.preprocess import FER2013_CROP, CropSpec, Image
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.sources.demo import DemoSource
from tests.fakes.labelled_faces import write_image


@pytest.fixture(scope="session")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="session")
def cut(detector: FaceDetector) -> Callable[..., Image]:
    """A function from a number of the demo's frames to its face, framed by a crop."""

    def cut_face(number: int, crop: CropSpec = FER2013_CROP) -> Image:
        frame = DemoSource().draw(number)
        return frame_face(frame, detector.detect(frame)[0], crop)

    return cut_face


@pytest.fixture
def add_noise(tmp_path: Path) -> Callable[[str, int], Path]:
    """A function that writes a picture of blurred noise, unlike all others, to a path within a folder."""

    def add(place: str, seed: int) -> Path:
        random = np.random.default_rng(seed)
        coarse = random.integers(0, 256, (8, 8)).astype(np.uint8)
        write_image(tmp_path / "faces" / place, np.kron(coarse, np.ones((6, 6), np.uint8)))
        return tmp_path / "faces" / place

    return add
