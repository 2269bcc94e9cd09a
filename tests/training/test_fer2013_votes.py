from __future__ import annotations

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from fer_edge.errors import DataError
from fer_edge.training.data import Dataset, Split, SplitName
from fer_edge.training.fer2013_votes import NOT_FER2013, VOTES_FILE, find_fer2013, known_pictures
from fer_edge.training.official_split import join_fer2013_votes, restore_official_split
from fer_edge.training.synthetic import synthetic_dataset
from fer_edge.training.votes import CHOICES

NOTICES = VOTES_FILE.parent.parent / "models" / "NOTICES.md"


def as_jpeg(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def test_the_file_is_small_whole_and_named_in_the_notices() -> None:
    known = known_pictures()
    assert VOTES_FILE.stat().st_size < 700_000
    assert hashlib.sha256(VOTES_FILE.read_bytes()).hexdigest() in NOTICES.read_text(encoding="utf-8")
    assert len(np.unique(known.prints, axis=0)) == len(known.prints) == len(known.picture_of)
    assert known.row_counts.shape == (35_887, len(CHOICES))
    assert known.picture_of.max() + 1 == len(known.counts) == len(known.in_training) == len(known.in_public_test)
    assert (known.in_training | known.in_public_test).all()
    assert known.counts.sum(axis=1).min() >= 9


def test_its_own_fingerprints_lead_to_their_pictures_with_votes_of_all_rows() -> None:
    known = known_pictures()
    rows = np.flatnonzero(known.picture_of_row == known.picture_of_row[0])
    np.testing.assert_array_equal(known.counts[known.picture_of_row[0]], known.row_counts[rows].sum(axis=0))


def test_pictures_that_are_not_fer2013s_have_no_votes() -> None:
    images = synthetic_dataset(seed=5, train_per_class=20, validation_per_class=1).train.images
    images = np.concatenate([images, np.zeros((1, 48, 48), np.uint8), np.full((1, 48, 48), 255, np.uint8)])
    found = find_fer2013(images)
    assert (found.known == NOT_FER2013).all()
    assert not found.votes.counts.any()


def test_a_data_set_that_is_no_copy_of_fer2013_has_no_official_split() -> None:
    with pytest.raises(DataError, match=r"expected a copy of FER2013.*only 0 of 28 images are FER2013's"):
        restore_official_split(synthetic_dataset(seed=5, train_per_class=3, validation_per_class=1))


def some(split: Split, count: int = 300) -> Split:
    return split.take(np.random.default_rng(0).permutation(len(split))[:count])


def test_every_picture_of_a_real_copy_finds_its_votes(real_data: Dataset) -> None:
    joined = join_fer2013_votes(real_data)
    images = sum(map(len, real_data.splits.values()))
    assert images - joined.found <= 13, "constant pictures"
    assert not any(joined.misplaced.values())
    votes = joined.dataset.validation.votes
    assert votes is not None
    agreed = votes.majority >= 0
    assert 3100 < agreed.sum() < 3250
    assert 0.6 < (votes.majority == joined.dataset.validation.labels)[agreed].mean() < 0.75


def test_real_pictures_are_found_again_after_compression_and_not_mirrored(real_data: Dataset) -> None:
    faces = some(real_data.train)
    original = find_fer2013(faces.images).known
    changed = find_fer2013(np.stack([as_jpeg(image) for image in faces.images])).known
    assert (changed == original).mean() > 0.99
    assert set(changed[changed != original]) <= {NOT_FER2013}
    assert (find_fer2013(faces.images[:, :, ::-1]).known == NOT_FER2013).all()


def test_the_official_split_is_restored_from_mixed_parts(real_data: Dataset) -> None:
    training, public_test = some(real_data.train), some(real_data.validation)
    half = np.arange(150)
    mixed = replace(
        real_data,
        splits={
            SplitName.TRAIN: joined_of(training.take(half), public_test.take(half)),
            SplitName.VALIDATION: joined_of(training.take(half + 150), public_test.take(half + 150)),
        },
    )
    assert min(join_fer2013_votes(mixed).misplaced.values()) > 100
    restored = restore_official_split(mixed)
    assert set(restored.train.names) >= names_only_in_training(training)
    assert not set(restored.validation.names) & names_only_in_training(training)
    assert "official split restored" in restored.notes[-1]


def joined_of(first: Split, second: Split) -> Split:
    return Split(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.labels, second.labels]),
        (*first.names, *second.names),
    )


def names_only_in_training(split: Split) -> set[str]:
    known = find_fer2013(split.images).known
    only = (known >= 0) & ~known_pictures().in_public_test[known]
    return {name for name, counts in zip(split.names, only, strict=True) if counts}
