from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from fer_edge.dataset.near_copies import count_across, near_copies
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.preprocess import Image

FACES = synthetic_dataset(seed=3, train_per_class=1, validation_per_class=3).validation.images


def _jpeg(face: Image) -> Image:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0), np.uint8)


@pytest.mark.parametrize(
    "change",
    [_jpeg, lambda face: face // 2 + 40, lambda face: np.roll(face, 1, axis=1)],
    ids=["compressed", "lit", "moved by a pixel"],
)
def test_changed_copy_is_found(change: Callable[[Image], Image]) -> None:
    changed = np.stack([np.asarray(change(face), np.uint8) for face in FACES[:6]])
    pairs = {tuple(pair) for pair in near_copies(np.concatenate([FACES[:6], changed])).tolist()}
    assert {(i, i + 6) for i in range(6)} <= pairs


def test_constant_images_and_none_have_no_copies() -> None:
    assert len(near_copies(np.zeros((3, 48, 48), np.uint8))) == 0
    assert near_copies(np.empty((0, 48, 48), np.uint8)).shape == (0, 2)


def test_images_with_a_near_copy_on_the_other_side_are_counted() -> None:
    validation = np.stack([np.roll(FACES[0], 1, axis=1), FACES[0], FACES[9]])
    colour = np.repeat(validation[..., np.newaxis], 3, axis=3)
    for images in (validation, colour):
        assert count_across(images, FACES[:3]) == 2
    assert count_across(np.zeros((6000, 48, 48), np.uint8), np.zeros((6000, 48, 48), np.uint8)) is None
