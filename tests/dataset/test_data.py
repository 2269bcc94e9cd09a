from __future__ import annotations

import numpy as np
import pytest

from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from tests.fakes.labelled_faces import two_splits


@pytest.mark.parametrize(
    ("images", "labels", "names"),
    [
        (np.zeros((1, 48, 48), np.float32), np.zeros(1, np.int64), ("a",)),
        (np.zeros((1, 48), np.uint8), np.zeros(1, np.int64), ("a",)),
        (np.zeros((1, 48, 48, 1), np.uint8), np.zeros(1, np.int64), ("a",)),
        (np.zeros((2, 48, 48), np.uint8), np.zeros(2, np.int64), ("a",)),
        (np.zeros((1, 48, 48), np.uint8), np.zeros(2, np.int64), ("a",)),
    ],
)
def test_split_of_inconsistent_arrays_is_rejected(
    images: np.ndarray,
    labels: np.ndarray,
    names: tuple[str, ...],
) -> None:
    with pytest.raises(ValueError, match="expected"):
        Split(images, labels, names)


def test_split_returns_raw_pixels_and_counts() -> None:
    split = two_splits()[SplitName.TRAIN]
    inputs = split.inputs()
    assert (inputs.dtype.name, inputs.shape) == ("float32", (9, 48, 48, 1))
    assert np.array_equal(inputs[..., 0], split.images)
    assert split.class_counts().tolist() == [1, 1, 1, 3, 1, 1, 1]
    taken = split.take(np.array([8, 0]))
    assert (taken.names, taken.labels.tolist()) == (("train/8", "train/0"), [3, 0])
    assert np.array_equal(taken.images, split.images[[8, 0]])


@pytest.mark.parametrize(
    ("images", "count", "expected"),
    [(0, 3, []), (1, 3, [0]), (9, 1, [0]), (9, 3, [0, 4, 8]), (9, 4, [0, 2, 5, 8]), (4, 9, [0, 1, 2, 3])],
)
def test_spread_returns_evenly_spaced_images(images: int, count: int, expected: list[int]) -> None:
    split = two_splits()[SplitName.TRAIN].take(np.arange(images))
    assert split.spread(count).names == tuple(f"train/{i}" for i in expected)


def test_split_is_found_by_name() -> None:
    dataset = Dataset("faces.zip", two_splits())
    assert dataset.split("validation") is dataset.validation
    with pytest.raises(DataError, match=r"faces\.zip has no test split; it has train, validation"):
        dataset.split("test")


@pytest.mark.parametrize(
    ("source", "name"), [("synthetic", "synthetic"), ("/home/someone/faces.zip", "faces.zip"), ("faces", "faces")]
)
def test_name_of_source_has_no_folder(source: str, name: str) -> None:
    assert Dataset(source, {}).name == name


@pytest.mark.parametrize("change", ["pixel", "label", "split"])
def test_digest_changes_with_every_change(change: str) -> None:
    splits = two_splits()
    before = Dataset("a", splits).sha256()
    assert Dataset("b", two_splits()).sha256() == before
    if change == "pixel":
        splits[SplitName.VALIDATION].images[6, 47, 47] ^= 1
    elif change == "label":
        splits[SplitName.TRAIN].labels[8] = 4
    else:
        del splits[SplitName.VALIDATION]
    assert Dataset("a", splits).sha256() != before


def test_picture_of_one_colour_is_constant() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    images[1] = 200, 10, 30
    images[2, :, :, 0] = 7
    split = Split(images, np.zeros(3, np.int64), ("a", "b", "c"))
    assert split.constant().tolist() == [False, True, False]
    assert split.take(np.empty(0, np.int64)).constant().tolist() == []


def test_expressions_are_in_order_of_folders() -> None:
    assert list(EXPRESSIONS) == sorted(EXPRESSIONS)
