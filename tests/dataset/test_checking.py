from __future__ import annotations

from collections import Counter

import pytest

from fer_edge.dataset.checking import check_splits
from fer_edge.dataset.data import Dataset, ImageFault, SplitName
from fer_edge.errors import DataError
from tests.fakes.labelled_faces import noisy_split, two_splits


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
    splits[name] = noisy_split([0, 2, 3, 4, 6], 7, "x/")
    with pytest.raises(DataError, match=f"no usable image of disgust, sad in the {name.value} split"):
        check_splits(Dataset("faces", splits))


def test_clean_faces_have_no_findings() -> None:
    dataset = check_splits(Dataset("faces", two_splits()))
    assert dataset.findings == {SplitName.TRAIN: Counter(), SplitName.VALIDATION: Counter()}
    dataset.require_clean()


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
