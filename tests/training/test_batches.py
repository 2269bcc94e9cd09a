from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.dataset.data import Split
from fer_edge.training.batches import ShuffledBatches
from fer_edge.training.recipe import ClassBalance, Recipe
from fer_edge.training.views import Views


@pytest.fixture
def split() -> Split:
    """Return ten images whose pixels all equal their index."""
    images = np.repeat(np.arange(10, dtype=np.uint8), 48 * 48).reshape(10, 48, 48)
    return Split(images, np.arange(10, dtype=np.int64) % 7, tuple(map(str, range(10))))


def batches_of(split: Split, size: int, seed: int) -> ShuffledBatches:
    return ShuffledBatches(split, Recipe(batch_size=size, seed=seed))


def order_of(batches: ShuffledBatches) -> list[int]:
    return [int(image[0, 0, 0]) for i in range(batches.num_batches) for image in batches[i][0]]


@pytest.mark.parametrize(("size", "lengths"), [(1, [1] * 10), (4, [4, 4, 2]), (5, [5, 5]), (10, [10]), (99, [10])])
def test_every_image_comes_once_per_epoch(split: Split, size: int, lengths: list[int]) -> None:
    batches = batches_of(split, size, seed=0)
    for _ in range(3):
        assert [len(batches[i][0]) for i in range(batches.num_batches)] == lengths
        assert sorted(order_of(batches)) == [*range(10)]
        batches.on_epoch_end()


def test_batch_has_raw_pixels_and_matching_labels(split: Split) -> None:
    images, labels, _ = batches_of(split, 10, seed=0)[0]
    assert (images.shape, images.dtype.name) == ((10, 48, 48, 1), "float32")
    assert np.array_equal(labels.argmax(axis=1), images[:, 5, 5, 0].astype(int) % 7)


def test_order_depends_on_epoch_and_seed(split: Split) -> None:
    batches = batches_of(split, 4, seed=0)
    first = order_of(batches)
    batches.on_epoch_end()
    second = order_of(batches)
    assert first != second
    assert first != order_of(batches_of(split, 4, seed=1))
    assert first == order_of(batches_of(split, 4, seed=0))


def test_epoch_does_not_depend_on_earlier_ones(split: Split) -> None:
    batches = batches_of(split, 4, seed=3)
    for _ in range(5):
        batches.on_epoch_end()
    other = batches_of(split, 4, seed=3)
    other.start_at(5)
    assert order_of(batches) == order_of(other)


def test_batches_are_augmented_independently_and_repeatably(split: Split) -> None:
    batches = ShuffledBatches(split, Recipe(batch_size=4, erase=1.0, seed=3))
    again = ShuffledBatches(split, Recipe(batch_size=4, erase=1.0, seed=3))
    assert np.array_equal(batches[2][0], again[2][0])
    batches.on_epoch_end()
    assert not np.array_equal(np.sort(batches[2][0], axis=0), np.sort(again[2][0], axis=0))


def test_teachers_score_augmented_images_and_share_target(split: Split) -> None:
    seen = []

    def teach(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        seen.append(images)
        return np.full((len(images), 7), 1 / 7, np.float32)

    recipe = Recipe(batch_size=10, erase=1.0, distill_weight=0.75)
    images, targets, _ = ShuffledBatches(split, recipe, teach=teach)[0]
    assert np.array_equal(seen[0], images)
    assert targets.max(axis=1) == pytest.approx(0.25 + 0.75 / 7)
    assert targets.sum(axis=1) == pytest.approx(1)


def test_teachers_that_score_once_score_original_images(split: Split) -> None:
    seen = []

    def teach(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        seen.append(images[..., 0])
        return np.full((len(images), 7), 1 / 7, np.float32)

    recipe = Recipe(batch_size=4, erase=1.0, mixup=0.3, distill_weight=0.75, distill_once=True)
    batches = ShuffledBatches(split, recipe, teach=teach)
    for _ in range(3):
        epoch = np.concatenate([batches[i][1] for i in range(batches.num_batches)])
        batches.on_epoch_end()
    assert np.array_equal(np.sort(np.concatenate(seen), axis=0), np.sort(split.images.astype(np.float32), axis=0))
    assert epoch.min() == pytest.approx(0.75 / 7)
    assert epoch.sum(axis=1) == pytest.approx(1)


def test_resume_gives_identical_targets_of_teachers_that_score_once(split: Split) -> None:
    def teach(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        # As rounding does, but by more, the scores depend on the images that are scored together.
        return np.full((len(images), 7), images.mean() / 255, np.float32)

    recipe = Recipe(batch_size=4, distill_weight=0.75, distill_once=True)
    whole, resumed = (ShuffledBatches(split, recipe, teach=teach) for _ in range(2))
    for _ in range(2):
        for i in range(whole.num_batches):
            whole[i]
        whole.on_epoch_end()
    resumed.start_at(2)
    for i in range(whole.num_batches):
        for expected, value in zip(whole[i], resumed[i], strict=True):
            assert np.array_equal(expected, value)


@pytest.mark.parametrize(("balance", "ratio"), [("none", 1), ("sqrt", 2**0.5), ("full", 2)])
def test_rare_expressions_have_larger_weights(split: Split, balance: str, ratio: float) -> None:
    # Labels 0, 1 and 2 come twice, the others once.
    recipe = Recipe(batch_size=10, class_balance=ClassBalance(balance))
    _, targets, weights = ShuffledBatches(split, recipe)[0]
    rare = targets.argmax(axis=1) > 2
    assert weights[rare] == pytest.approx(weights[~rare][0] * ratio)
    assert weights.mean() == pytest.approx(1)


def test_views_are_scored_once_and_reused_with_targets(split: Split, tmp_path: Path) -> None:
    scored = 0

    def teach(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        nonlocal scored
        scored += len(images)
        brightness = images.mean(axis=(1, 2, 3))[:, np.newaxis] / 255
        return np.concatenate([brightness, np.repeat((1 - brightness) / 6, 6, axis=1)], axis=1)

    recipe = Recipe(batch_size=4, erase=1.0, mixup=0.3, distill_weight=1.0, distill_views=2, flip=True)
    batches = ShuffledBatches(split, recipe, teach=teach, views=Views(tmp_path, 2, len(split)))
    epochs = []
    for _ in range(5):
        epochs.append([batches[i][:2] for i in range(batches.num_batches)])
        batches.on_epoch_end()
    assert scored == 2 * len(split)
    first, third = (np.concatenate([targets for _, targets in epochs[i]]) for i in (0, 2))
    assert not np.array_equal(first, third), "the same order"
    assert np.sort(first[:, 0]) == pytest.approx(np.sort(third[:, 0]))
    for images, targets in epochs[3]:
        assert images.mean(axis=(1, 2, 3)) / 255 == pytest.approx(targets[:, 0], abs=0.6 / 255), "but for rounding"
