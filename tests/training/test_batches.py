from __future__ import annotations

import numpy as np
import pytest

from fer_edge.training.batches import ShuffledBatches, one_hot
from fer_edge.training.data import Split


@pytest.fixture
def split() -> Split:
    """Ten images, each of which is its own number all over."""
    images = np.repeat(np.arange(10, dtype=np.uint8), 48 * 48).reshape(10, 48, 48)
    return Split(images, np.arange(10, dtype=np.int64) % 7, tuple(map(str, range(10))))


def order_of(batches: ShuffledBatches) -> list[int]:
    return [int(image[0, 0, 0]) for i in range(batches.num_batches) for image in batches[i][0]]


def test_one_hot() -> None:
    assert one_hot(np.empty(0, np.int64)).shape == (0, 7)
    assert one_hot(np.array([0, 6])).tolist() == [[1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1]]


@pytest.mark.parametrize(("size", "lengths"), [(1, [1] * 10), (4, [4, 4, 2]), (5, [5, 5]), (10, [10]), (99, [10])])
def test_every_image_comes_once_an_epoch(split: Split, size: int, lengths: list[int]) -> None:
    batches = ShuffledBatches(split, size, seed=0)
    for _ in range(3):
        assert [len(batches[i][0]) for i in range(batches.num_batches)] == lengths
        assert sorted(order_of(batches)) == [*range(10)]
        batches.on_epoch_end()


def test_a_batch_has_raw_pixels_with_their_own_labels(split: Split) -> None:
    images, labels = ShuffledBatches(split, 10, seed=0)[0]
    assert (images.shape, images.dtype.name) == ((10, 48, 48, 1), "float32")
    assert np.array_equal(labels.argmax(axis=1), images[:, 5, 5, 0].astype(int) % 7)


def test_the_order_depends_on_the_epoch_and_the_seed(split: Split) -> None:
    batches = ShuffledBatches(split, 4, seed=0)
    first = order_of(batches)
    batches.on_epoch_end()
    second = order_of(batches)
    assert first != second
    assert first != order_of(ShuffledBatches(split, 4, seed=1))
    assert first == order_of(ShuffledBatches(split, 4, seed=0))


def test_any_epoch_can_be_had_without_those_before_it(split: Split) -> None:
    batches = ShuffledBatches(split, 4, seed=3)
    for _ in range(5):
        batches.on_epoch_end()
    assert order_of(batches) == order_of(ShuffledBatches(split, 4, seed=3, epoch=5))
