from __future__ import annotations

import os
from collections.abc import Iterable

import cv2
import numpy as np
import pytest

from fer_edge.collection.framing import CropMeasurement, place_in_image, summarize_places
from fer_edge.dataset.loading import DATA_ENV, load_dataset
from fer_edge.preprocess import FER2013_CROP, CropSpec, crop_face
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.sources.demo import DemoSource


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def _measure(images: Iterable[np.ndarray], detector: FaceDetector) -> CropMeasurement:
    return summarize_places([place_in_image(image, detector.detect) for image in images])


@pytest.mark.parametrize("scale", [1.0, 1.1, 1.3])
@pytest.mark.parametrize("shift_y", [-0.04, 0.04])
def test_known_crop_is_measured(detector: FaceDetector, scale: float, shift_y: float) -> None:
    """Cut squares of a known place out of whole pictures, and find that place from the squares alone."""
    crop = CropSpec("YuNet 2023mar", scale, shift_y, "by hand")
    frames = [DemoSource().draw(number) for number in range(0, 480, 24)]
    squares = [crop_face(frame, detector.detect(frame)[0].box_xyxy, crop, (48, 48)) for frame in frames]
    measurement = _measure(squares, detector)
    assert (measurement.images, measurement.found) == (20, 20)
    assert measurement.scale_quartiles[1] == pytest.approx(scale, abs=0.06)
    assert measurement.shift_y_quartiles[1] == pytest.approx(shift_y, abs=0.05)


def test_images_without_a_face_are_not_counted(detector: FaceDetector) -> None:
    frame = DemoSource().draw(0)
    square = crop_face(frame, detector.detect(frame)[0].box_xyxy, FER2013_CROP, (48, 48))
    measurement = _measure([np.zeros((48, 48), np.uint8), square], detector)
    assert (measurement.images, measurement.found) == (2, 1)


def test_no_face_raises(detector: FaceDetector) -> None:
    with pytest.raises(ValueError, match="found none in 1 images"):
        _measure([np.zeros((48, 48), np.uint8)], detector)


@pytest.fixture(scope="module")
def training_images() -> np.ndarray:
    if not os.environ.get(DATA_ENV):
        pytest.skip(f"no real faces: set {DATA_ENV} to Kaggle's face-expression-recognition-dataset.zip")
    images = load_dataset(None).train.images
    return images[np.random.default_rng(0).permutation(len(images))[:400]]


@pytest.mark.slow
def test_documented_crop_is_measured_on_training_images(detector: FaceDetector, training_images: np.ndarray) -> None:
    measurement = _measure(training_images, detector)
    assert measurement.found > 0.94 * measurement.images
    assert measurement.scale_quartiles[1] == pytest.approx(FER2013_CROP.scale, abs=0.03)
    assert measurement.shift_y_quartiles[1] == pytest.approx(FER2013_CROP.shift_y, abs=0.01)


def test_crop_recovers_pasted_training_images(detector: FaceDetector, training_images: np.ndarray) -> None:
    """The way back: paste an image into a larger picture, detect, cut; the middle square is the image's own."""
    random = np.random.default_rng(0)
    background = cv2.GaussianBlur(random.integers(0, 256, (480, 640), np.uint8), (0, 0), 8)
    sides, shifts = [], []
    for image in training_images[:150]:
        frame, side = background.copy(), 180
        frame[150 : 150 + side, 200 : 200 + side] = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
        faces = detector.detect(frame)
        if faces:
            x1, y1, x2, y2 = faces[0].box_xyxy
            square = FER2013_CROP.scale * np.sqrt((x2 - x1) * (y2 - y1))
            sides.append(square / side)
            shifts.append(((y1 + y2) / 2 + FER2013_CROP.shift_y * square - (150 + side / 2)) / side)
    assert len(sides) > 100
    assert np.median(sides) == pytest.approx(1, abs=0.05)
    assert np.median(shifts) == pytest.approx(0, abs=0.03)
