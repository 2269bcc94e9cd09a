from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.training.augment import augment, is_augmenting, mixup
from fer_edge.training.recipe import Recipe

RNG = np.random.default_rng


@pytest.fixture
def images(faces: Dataset) -> npt.NDArray[np.uint8]:
    return faces.train.images[:64]


@pytest.fixture
def square() -> npt.NDArray[np.uint8]:
    """Return 64 copies of a bright 12x12 square, off the centre, on black."""
    images = np.zeros((64, 48, 48), np.uint8)
    images[:, 12:24, 24:36] = 200
    return images


def centres(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the centre of brightness, as row and column, (N, 2)."""
    rows, columns = np.mgrid[:48, :48]
    mass = images.sum(axis=(1, 2))
    return np.stack([(images * rows).sum(axis=(1, 2)) / mass, (images * columns).sum(axis=(1, 2)) / mass], 1)


def test_recipe_without_augmentation_changes_nothing(images: npt.NDArray[np.uint8]) -> None:
    result = augment(images, Recipe(), RNG(0))
    assert result.dtype == np.float32
    assert np.array_equal(result, images)


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [(Recipe(), False), (Recipe(flip=True), True), (Recipe(mixup=0.2), True), (Recipe(epochs=3), False)],
)
def test_recipe_tells_whether_it_augments(recipe: Recipe, expected: bool) -> None:
    assert is_augmenting(recipe) == expected


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(flip=True),
        Recipe(shift=0.1),
        Recipe(scale=0.2),
        Recipe(rotate=20),
        Recipe(brightness=0.2),
        Recipe(contrast=0.3),
        Recipe(erase=0.5),
    ],
)
def test_each_part_changes_images_independently_and_repeatably(images: npt.NDArray[np.uint8], recipe: Recipe) -> None:
    before = images.copy()
    result = augment(images, recipe, RNG(0))
    assert (result.shape, result.dtype.name) == (images.shape, "float32")
    assert 0 <= result.min() < result.max() <= 255
    assert not np.array_equal(result, images)
    assert np.array_equal(result, augment(images, recipe, RNG(0)))
    assert not np.array_equal(result, augment(images, recipe, RNG(1)))
    assert np.array_equal(images, before)


def test_flip_mirrors_about_half(square: npt.NDArray[np.uint8]) -> None:
    result = augment(square, Recipe(flip=True), RNG(0))
    mirrored = (result == square[:, :, ::-1]).all(axis=(1, 2))
    assert (mirrored | (result == square).all(axis=(1, 2))).all()
    assert 20 < mirrored.sum() < 44


def test_shift_moves_at_most_by_its_share(square: npt.NDArray[np.uint8]) -> None:
    moved = centres(augment(square, Recipe(shift=0.1), RNG(0))) - (17.5, 29.5)
    assert np.abs(moved).max() <= 4.8 + 0.1
    assert (np.ptp(moved, axis=0) > 7).all()
    # Either axis moves on its own.
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.5


def test_scale_keeps_centre_and_changes_size(square: npt.NDArray[np.uint8]) -> None:
    result = augment(square, Recipe(scale=0.2), RNG(0))
    factor = np.sqrt(result.sum(axis=(1, 2)) / square[0].sum())
    assert 0.78 <= factor.min() < 0.85
    assert 1.15 < factor.max() <= 1.22
    assert (centres(result) - 23.5) == pytest.approx(factor[:, np.newaxis] * [-6, 6], abs=0.2)


def test_rotate_keeps_distance_from_centre(square: npt.NDArray[np.uint8]) -> None:
    offset = centres(augment(square, Recipe(rotate=20), RNG(0))) - 23.5
    assert np.hypot(*offset.T) == pytest.approx(np.hypot(6, 6), abs=0.2)
    angle = np.rad2deg(np.arctan2(offset[:, 0], offset[:, 1])) + 45
    assert (angle.min(), angle.max()) == (pytest.approx(-20, abs=3), pytest.approx(20, abs=3))


def test_brightness_and_contrast_change_mean_and_deviation() -> None:
    image = np.full((64, 48, 48), 100, np.uint8)
    image[:, :24] = 140
    bright = augment(image, Recipe(brightness=0.1), RNG(0))
    assert bright.mean(axis=(1, 2)).std() > 5
    assert np.ptp(bright, axis=(1, 2)) == pytest.approx(40, abs=1e-3)
    contrast = augment(image, Recipe(contrast=0.5), RNG(0))
    assert contrast.mean(axis=(1, 2)) == pytest.approx(120, abs=1e-3)
    assert 20 <= np.ptp(contrast, axis=(1, 2)).min() < 30 < 50 < np.ptp(contrast, axis=(1, 2)).max() <= 60


def test_erase_changes_a_rectangle_in_its_share_of_images() -> None:
    images = np.zeros((400, 48, 48), np.uint8)
    changed = augment(images, Recipe(erase=0.5), RNG(0)) > 0
    erased = changed.any(axis=(1, 2))
    assert 160 < erased.sum() < 240
    shares = changed[erased].mean(axis=(1, 2))
    assert 0.01 < shares.min() < shares.max() < 0.21
    rows, columns = changed[erased].any(axis=2).sum(axis=1), changed[erased].any(axis=1).sum(axis=1)
    assert (shares * 48 * 48 > 0.9 * rows * columns).all()


def test_mixup_mixes_images_and_targets_by_same_shares() -> None:
    values = np.arange(32, dtype=np.float32)
    images = np.broadcast_to(values[:, None, None], (32, 48, 48)).copy()
    targets = np.eye(32, dtype=np.float32)
    mixed, shares = mixup(images, targets, 1.0, RNG(0))
    assert (mixed.dtype.name, shares.dtype.name) == ("float32", "float32")
    assert shares.sum(axis=1) == pytest.approx(1)
    assert ((shares > 0).sum(axis=1) == 2).sum() > 24
    assert mixed[:, 5, 5] == pytest.approx(shares @ values, abs=1e-4)
