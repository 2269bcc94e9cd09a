from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.dataset.fingerprint import BITS, coefficients, find_nearest, fingerprints, near_pairs
from fer_edge.dataset.synthetic import synthetic_dataset

Images = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def faces() -> Images:
    return synthetic_dataset(seed=3, train_per_class=30, validation_per_class=1).train.images


def saved_as_jpeg(images: Images) -> Images:
    coded = [cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1] for image in images]
    return np.stack([np.asarray(cv2.imdecode(each, cv2.IMREAD_GRAYSCALE), np.uint8) for each in coded])


def enlarged_and_back(images: Images) -> Images:
    return np.stack(
        [cv2.resize(cv2.resize(image, (64, 64)), (48, 48), interpolation=cv2.INTER_AREA) for image in images]
    ).astype(np.uint8)


def brighter(images: Images) -> Images:
    return (images * 0.8 + 30).astype(np.uint8)


def nearest(changed: Images, faces: Images) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    thresholds = np.median(coefficients(faces), axis=0)
    known = fingerprints(faces, thresholds)
    found = find_nearest(fingerprints(changed, thresholds), known, np.arange(len(known)))
    return found.picture, found.distance


@pytest.mark.parametrize("change", [saved_as_jpeg, enlarged_and_back, brighter])
def test_changed_picture_is_nearest_to_original(change: object, faces: Images) -> None:
    assert callable(change)
    picture, distance = nearest(change(faces), faces)
    np.testing.assert_array_equal(picture, np.arange(len(faces)))
    assert np.median(distance) < 8


@pytest.mark.parametrize("axis", [1, 2])
def test_mirrored_picture_is_far_from_original(axis: int, faces: Images) -> None:
    _, distance = nearest(np.flip(faces, axis), faces)
    assert distance.min() > 10


def test_runner_up_is_another_picture() -> None:
    known = np.zeros((4, BITS // 8), np.uint8)
    known[1, 0], known[2, :2], known[3] = 0x01, 0xFF, 0xFF
    found = find_nearest(known[:1], known, np.array([0, 0, 1, 2]))
    assert (found.picture.tolist(), found.distance.tolist(), found.runner_up.tolist()) == ([0], [0], [16])
    assert near_pairs(known, 1).tolist() == [[0, 1]]


def test_no_pictures_give_empty_result() -> None:
    known = np.eye(2, BITS // 8, dtype=np.uint8)
    assert len(find_nearest(known[:0], known, np.arange(2)).picture) == 0
