from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.dataset.checking import check_splits
from fer_edge.dataset.data import Dataset, ImageFault, Split, SplitName
from fer_edge.dataset.fer2013_votes import find_fer2013, known_pictures
from fer_edge.dataset.official_split import join_fer2013_votes, restore_official_split
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.errors import DataError

Draw = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]]

NOISE = np.random.default_rng(4).integers(0, 256, (2, 48, 48), np.uint8)


def pictures_of(*, training: bool, public_test: bool) -> npt.NDArray[np.int64]:
    known = known_pictures()
    return np.flatnonzero((known.in_training == training) & (known.in_public_test == public_test))


def split_of(name: str, images: npt.NDArray[np.uint8]) -> Split:
    """Return images with all labels in turn."""
    return Split(images, np.arange(len(images)) % 7, tuple(f"{name}/{i}.png" for i in range(len(images))))


@pytest.fixture
def mixed(draw_fer2013: Draw) -> Dataset:
    """Return 7 pictures of Training, 3 of PublicTest, 2 copies of one of both, noise in train; others in validation."""
    training = draw_fer2013(pictures_of(training=True, public_test=False)[:11])
    public_test = draw_fer2013(pictures_of(training=False, public_test=True)[:10])
    both = draw_fer2013(pictures_of(training=True, public_test=True)[:1])
    splits = {
        SplitName.TRAIN: split_of("train", np.concatenate([training[:7], public_test[:3], both, both, NOISE[:1]])),
        SplitName.VALIDATION: split_of("validation", np.concatenate([public_test[3:], training[7:], NOISE[1:]])),
    }
    return check_splits(Dataset("faces", splits))


def test_misplaced_images_are_counted(mixed: Dataset) -> None:
    joined = join_fer2013_votes(mixed)
    assert joined.found == 23
    assert joined.misplaced == {SplitName.TRAIN: 3, SplitName.VALIDATION: 4}


def test_pictures_of_one_part_are_not_misplaced_as_nothing_can_be_restored(draw_fer2013: Draw) -> None:
    training = draw_fer2013(pictures_of(training=True, public_test=False)[:20])
    splits = {SplitName.TRAIN: split_of("train", training[:10]), SplitName.VALIDATION: split_of("b", training[10:])}
    joined = join_fer2013_votes(check_splits(Dataset("photos", splits)))
    assert (joined.found, sum(joined.misplaced.values())) == (20, 0)


def test_official_split_is_restored_with_labels_and_votes(mixed: Dataset) -> None:
    joined = join_fer2013_votes(mixed)
    restored = restore_official_split(joined)
    assert restored.dataset.train.names == (
        *(f"train/{i}.png" for i in (*range(7), 10)),
        *(f"validation/{i}.png" for i in range(7, 11)),
    )
    assert restored.dataset.validation.names == (
        *(f"train/{i}.png" for i in (7, 8, 9, 11)),
        *(f"validation/{i}.png" for i in range(7)),
    )
    assert "12 images of Training, 11 of PublicTest; 2 others left out" in restored.dataset.notes[-1]
    assert not any(restored.misplaced.values())
    for split in restored.dataset.splits.values():
        assert split.votes is not None
        assert split.votes.counts.tolist() == find_fer2013(split.images).votes.counts.tolist()
        assert split.labels.tolist() == [int(name.split("/")[1][:-4]) % 7 for name in split.names]
    assert restore_official_split(restored).dataset.sha256() == restored.dataset.sha256()


def test_findings_are_those_of_restored_splits(mixed: Dataset) -> None:
    assert mixed.findings[SplitName.TRAIN] == {ImageFault.DUPLICATE_WITHIN: 1}
    read = replace(
        mixed,
        findings={
            SplitName.TRAIN: Counter({ImageFault.RESIZED: 2, ImageFault.UNREADABLE: 5, ImageFault.DUPLICATE_WITHIN: 1})
        },
        examples={ImageFault.RESIZED: ["train/0.png", "train/8.png"], ImageFault.UNREADABLE: ["train/x.png"]},
        changes={
            "train/0.png": (ImageFault.RESIZED,),
            "train/8.png": (ImageFault.RESIZED,),
            "train/12.png": (ImageFault.COLOUR,),
        },
    )
    restored = restore_official_split(join_fer2013_votes(read)).dataset
    assert restored.findings == {
        SplitName.TRAIN: {ImageFault.RESIZED: 1, ImageFault.UNREADABLE: 5},
        SplitName.VALIDATION: {ImageFault.RESIZED: 1, ImageFault.DUPLICATE_ACROSS: 1},
    }
    assert restored.examples == {
        ImageFault.RESIZED: ["train/0.png", "train/8.png"],
        ImageFault.UNREADABLE: ["train/x.png"],
        ImageFault.DUPLICATE_ACROSS: ["train/11.png"],
    }


def test_part_without_an_expression_is_rejected(mixed: Dataset) -> None:
    happy_in_training_only = replace(
        mixed,
        splits={
            name: replace(split, labels=np.where(split.labels == 3, 4, split.labels))
            for name, split in mixed.splits.items()
        },
    )
    with pytest.raises(DataError, match="faces: no usable image of happy in the train split"):
        restore_official_split(join_fer2013_votes(happy_in_training_only))


def test_other_data_set_has_no_official_split() -> None:
    synthetic = join_fer2013_votes(synthetic_dataset(seed=5, train_per_class=3, validation_per_class=1))
    with pytest.raises(DataError, match=r"expected a copy of FER2013.*only 0 of 28 images are FER2013's"):
        restore_official_split(synthetic)


def fer2013_csv(draw_fer2013: Draw) -> Dataset:
    """Return all rows of fer2013.csv: patterns for known pictures, black images for others."""
    pictures = known_pictures().picture_of_row
    images = np.zeros((len(pictures), 48, 48), np.uint8)
    images[pictures >= 0] = draw_fer2013(pictures[pictures >= 0])
    names = [f"line {row + 2}" for row in range(len(images))]
    starts = {SplitName.TRAIN: (0, 28_709), SplitName.VALIDATION: (28_709, 32_298), SplitName.TEST: (32_298, 35_887)}
    return Dataset(
        "fer2013.csv",
        {
            name: Split(images[start:end], np.zeros(end - start, np.int64), tuple(names[start:end]))
            for name, (start, end) in starts.items()
        },
    )


@pytest.mark.slow
def test_rows_of_complete_fer2013_csv_get_votes_by_number(draw_fer2013: Draw) -> None:
    whole = fer2013_csv(draw_fer2013)
    splits = join_fer2013_votes(whole).dataset.splits
    votes = np.concatenate([split.votes.counts for split in splits.values() if split.votes])
    np.testing.assert_array_equal(votes, known_pictures().row_counts)

    # Rows of classes that are left out may be missing; otherwise missing rows mean that numbers say nothing.
    rows = np.arange(0, len(whole.splits[SplitName.TEST]), 40)
    for left_out, expected in ((("sad",), known_pictures().row_counts[32_298 + rows]), ((), np.zeros((len(rows), 10)))):
        some = {name: split.take(rows) for name, split in whole.splits.items()}
        test = join_fer2013_votes(replace(whole, splits=some, left_out_classes=left_out)).dataset.splits[SplitName.TEST]
        assert test.votes is not None
        np.testing.assert_array_equal(test.votes.counts, expected)

    # Two rows that were exchanged prove that the number says nothing.
    first, second = 0, int(np.flatnonzero(known_pictures().picture_of_row > known_pictures().picture_of_row[0])[0])
    order = np.arange(len(whole.train))
    order[[first, second]] = second, first
    exchanged = replace(
        whole, splits={**whole.splits, SplitName.TRAIN: replace(whole.train, images=whole.train.images[order])}
    )
    test = join_fer2013_votes(exchanged).dataset.splits[SplitName.TEST]
    assert test.votes is not None
    assert not test.votes.counts.any()


@pytest.mark.slow
def test_every_real_picture_gets_its_votes(real_data: Dataset) -> None:
    joined = join_fer2013_votes(real_data)
    images = sum(map(len, real_data.splits.values()))
    assert images - joined.found <= 13, "constant pictures"
    assert not any(joined.misplaced.values())
    votes = joined.dataset.validation.votes
    assert votes is not None
    agreed = votes.majority >= 0
    assert 3100 < agreed.sum() < 3250
    assert 0.6 < (votes.majority == joined.dataset.validation.labels)[agreed].mean() < 0.75


def test_official_split_is_restored_from_mixed_real_copy(real_data: Dataset) -> None:
    rng = np.random.default_rng(0)
    training, validation = (rng.permutation(len(split)) for split in (real_data.train, real_data.validation))
    mixed = replace(
        real_data,
        splits={
            SplitName.TRAIN: joined_of(
                real_data.train.take(training[500:]), real_data.validation.take(validation[:500])
            ),
            SplitName.VALIDATION: joined_of(
                real_data.train.take(training[:500]), real_data.validation.take(validation[500:])
            ),
        },
    )
    assert min(join_fer2013_votes(mixed).misplaced.values()) > 400
    restored = restore_official_split(join_fer2013_votes(mixed)).dataset
    moved = set(real_data.train.names) & set(restored.validation.names)
    lost = set(real_data.validation.names) & set(restored.train.names)
    assert len(moved) <= 10, "copies of pictures in both parts"
    assert len(lost) <= 10


def joined_of(first: Split, second: Split) -> Split:
    return Split(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.labels, second.labels]),
        (*first.names, *second.names),
    )
