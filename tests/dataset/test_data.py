from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from fer_edge.dataset.data import Dataset, ImageFault, Split, SplitName, check_splits
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS


def noise(labels: list[int], seed: int, prefix: str) -> Split:
    images = np.random.default_rng(seed).integers(0, 256, (len(labels), 48, 48), np.uint8)
    return Split(images, np.array(labels, np.int64), tuple(f"{prefix}{i}" for i in range(len(labels))))


def two_splits() -> dict[SplitName, Split]:
    return {
        SplitName.TRAIN: noise([*range(7), 3, 3], 0, "train/"),
        SplitName.VALIDATION: noise([*range(7)], 1, "validation/"),
    }


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


@pytest.mark.parametrize("missing", [SplitName.TRAIN, SplitName.VALIDATION])
def test_missing_split_is_named(missing: SplitName) -> None:
    splits = two_splits()
    del splits[missing]
    with pytest.raises(DataError, match=f"no {missing.value} split"):
        check_splits(Dataset("faces", splits))


def test_no_split_is_an_error() -> None:
    with pytest.raises(DataError, match=r"found: none"):
        check_splits(Dataset("faces", {}))


@pytest.mark.parametrize("name", [SplitName.TRAIN, SplitName.VALIDATION])
def test_empty_classes_are_named_with_split(name: SplitName) -> None:
    splits = two_splits()
    splits[name] = noise([0, 2, 3, 4, 6], 7, "x/")
    with pytest.raises(DataError, match=f"no usable image of disgust, sad in the {name.value} split"):
        check_splits(Dataset("faces", splits))


def test_clean_faces_have_no_findings() -> None:
    dataset = check_splits(Dataset("faces", two_splits()))
    assert dataset.findings == {SplitName.TRAIN: Counter(), SplitName.VALIDATION: Counter()}
    dataset.require_clean()


def test_picture_of_one_colour_is_constant() -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
    images[1] = 200, 10, 30
    images[2, :, :, 0] = 7
    split = Split(images, np.zeros(3, np.int64), ("a", "b", "c"))
    assert split.constant().tolist() == [False, True, False]
    assert split.take(np.empty(0, np.int64)).constant().tolist() == []


def test_constant_and_duplicate_images_are_counted_and_kept() -> None:
    splits = two_splits()
    train, validation = splits[SplitName.TRAIN].images, splits[SplitName.VALIDATION].images
    train[0] = 0
    train[1] = 9
    train[3] = train[2]
    train[4] = train[2]
    validation[0] = train[2]
    validation[2] = validation[1]
    dataset = check_splits(Dataset("faces", splits, {SplitName.TRAIN: Counter({ImageFault.RESIZED: 2})}, {}))
    assert dataset.findings == {
        SplitName.TRAIN: Counter({ImageFault.RESIZED: 2, ImageFault.CONSTANT: 2, ImageFault.DUPLICATE_WITHIN: 2}),
        SplitName.VALIDATION: Counter({ImageFault.DUPLICATE_ACROSS: 1, ImageFault.DUPLICATE_WITHIN: 1}),
    }
    assert dataset.examples[ImageFault.DUPLICATE_WITHIN] == ["train/3", "train/4", "validation/2"]
    assert (len(dataset.train), len(dataset.validation)) == (9, 7)


def test_require_clean_names_every_fault_with_example() -> None:
    splits = two_splits()
    splits[SplitName.TRAIN].images[:2] = 0
    with pytest.raises(DataError) as raised:
        check_splits(Dataset("faces", splits)).require_clean()
    assert str(raised.value) == (
        "faces has faults: 2 constant, such as all black, e.g. train/0; "
        "1 exact duplicate within its split, e.g. train/1; mend or remove these images, or do not ask for strict checks"
    )


def test_expressions_are_in_order_of_folders() -> None:
    assert list(EXPRESSIONS) == sorted(EXPRESSIONS)
