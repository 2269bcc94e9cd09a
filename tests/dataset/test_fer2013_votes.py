from __future__ import annotations

import hashlib

import cv2
import numpy as np

from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.fer2013_votes import NOT_FER2013, VOTES_FILE, find_fer2013, known_pictures
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.dataset.votes import CHOICES

NOTICES = VOTES_FILE.parent.parent / "models" / "NOTICES.md"


def as_jpeg(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def test_votes_file_is_small_complete_and_named_in_notices() -> None:
    known = known_pictures()
    assert VOTES_FILE.stat().st_size < 700_000
    assert hashlib.sha256(VOTES_FILE.read_bytes()).hexdigest() in NOTICES.read_text(encoding="utf-8")
    headings = [line[3:] for line in NOTICES.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    assert {NOTICES.parent.joinpath(name).resolve() for name in headings} >= {VOTES_FILE.resolve()}
    assert len(np.unique(known.prints, axis=0)) == len(known.prints) == len(known.picture_of)
    assert known.row_counts.shape == (35_887, len(CHOICES))
    assert known.picture_of.max() + 1 == len(known.counts) == len(known.in_training) == len(known.in_public_test)
    assert (known.in_training | known.in_public_test).all()
    assert known.counts.sum(axis=1).min() >= 9


def test_own_fingerprints_find_pictures_with_votes_of_all_rows() -> None:
    known = known_pictures()
    rows = np.flatnonzero(known.picture_of_row == known.picture_of_row[0])
    np.testing.assert_array_equal(known.counts[known.picture_of_row[0]], known.row_counts[rows].sum(axis=0))


def test_other_pictures_have_no_votes() -> None:
    images = synthetic_dataset(seed=5, train_per_class=20, validation_per_class=1).train.images
    images = np.concatenate([images, np.zeros((1, 48, 48), np.uint8), np.full((1, 48, 48), 255, np.uint8)])
    found = find_fer2013(images)
    assert (found.known == NOT_FER2013).all()
    assert not found.votes.counts.any()


def some(split: Split, count: int = 300) -> Split:
    return split.take(np.random.default_rng(0).permutation(len(split))[:count])


def test_real_pictures_are_found_when_compressed_but_not_mirrored(real_data: Dataset) -> None:
    faces = some(real_data.train)
    original = find_fer2013(faces.images).known
    changed = find_fer2013(np.stack([as_jpeg(image) for image in faces.images])).known
    assert (changed == original).mean() > 0.99
    assert set(changed[changed != original]) <= {NOT_FER2013}
    assert (find_fer2013(faces.images[:, :, ::-1]).known == NOT_FER2013).all()
