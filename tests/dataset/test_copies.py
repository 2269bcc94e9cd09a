from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.dataset.conversion import convert_images
from fer_edge.dataset.copies import copy_groups, exact_copies
from fer_edge.dataset.data import Dataset
from fer_edge.picture_form import RGB, PictureForm


def test_different_images_have_groups_of_their_own(faces: Dataset) -> None:
    assert copy_groups(faces.train.images[:1]).tolist() == [0]
    images = faces.train.images[::7]
    assert copy_groups(images).tolist() == list(range(len(images)))


@pytest.mark.parametrize("change", ["none", "compressed", "relit", "watermark"])
def test_copy_is_found(faces: Dataset, change: str) -> None:
    images = faces.train.images[:6].copy()
    images[4] = changed(images[1], change)
    assert copy_groups(images).tolist() == [0, 1, 2, 3, 1, 5]


def changed(image: np.ndarray, change: str) -> np.ndarray:
    if change == "compressed":
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))
    if change == "relit":
        return np.asarray(image * 0.6 + 40, np.uint8)
    copy = np.array(image)
    if change == "watermark":
        copy[40:43, 10:26] = copy[40:43, 10:26] // 2 + 100
    return np.asarray(copy)


def test_copies_of_colour_pictures_of_any_size_are_found(faces: Dataset) -> None:
    rgb = PictureForm(64, 64, RGB)
    images = np.asarray(convert_images(faces.train.images[::40], rgb) * np.array([1, 0.85, 0.7]), np.uint8)
    images[4] = np.asarray(images[1] * 0.6 + 40, np.uint8)
    assert copy_groups(images).tolist() == [0, 1, 2, 3, 1, 5, 6]
    assert exact_copies(images[:3], images[1:2]).tolist() == [False, True, False]


def test_copy_of_copy_is_in_same_group(faces: Dataset) -> None:
    rng = np.random.default_rng(0)
    images = faces.train.images[:4].copy()
    deviation = images[0].std()
    for i in (1, 2):
        noise = rng.normal(0, 0.26 * deviation, images[0].shape)
        images[i] = np.clip(images[i - 1] + noise, 0, 255)
    outer = np.corrcoef(images[0].ravel(), images[2].ravel())[0, 1]
    assert outer < 0.95
    assert copy_groups(images).tolist() == [0, 0, 0, 3]


def test_constant_images_are_copies_only_if_equal(faces: Dataset) -> None:
    images = faces.train.images[:5].copy()
    images[1], images[2], images[4] = 0, 7, 0
    assert copy_groups(images).tolist() == [0, 1, 2, 3, 1]


def test_only_equal_pixels_are_exact_copies(faces: Dataset) -> None:
    images = faces.train.images[:3].copy()
    images[1, 0, 0] ^= 1
    assert exact_copies(images, faces.train.images[::-1]).tolist() == [True, False, True]
    assert exact_copies(images[:0], faces.train.images).tolist() == []
    assert exact_copies(images, images[:0]).tolist() == [False] * 3
