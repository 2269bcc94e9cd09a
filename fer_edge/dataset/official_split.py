"""FER2013's official split, restored by the pictures' fingerprints, and FER+'s votes. No TensorFlow."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fer_edge.arrays import BoolArray, IntArray
from fer_edge.dataset.checking import check_splits, recount
from fer_edge.dataset.conversion import convert_images
from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.dataset.fer2013_votes import NOT_FER2013, Matches, find_fer2013, known_pictures
from fer_edge.dataset.votes import Votes
from fer_edge.errors import DataError
from fer_edge.picture_form import FER2013_FORM

_LEAST_FER2013 = 0.5
"""Least share of FER2013's images in a copy of FER2013."""

_FIRST_LINE = 2
"""Line of the first row in a CSV file, below the header."""


@dataclass(frozen=True)
class JoinedDataset:
    """Labelled faces with people's votes.

    Attributes:
        dataset: Labelled faces with votes.
        known: Index of each image of a split in `KnownPictures`, int64 (N,); -1 if it is not FER2013's.
    """

    dataset: Dataset
    known: dict[SplitName, IntArray]

    @property
    def found(self) -> int:
        """Number of images that are FER2013's."""
        return sum(int((known >= 0).sum()) for known in self.known.values())

    @property
    def misplaced(self) -> dict[SplitName, int]:
        """Number of images of each split that FER2013 has in another part only; none if one part has all images."""
        pictures, known = known_pictures(), np.concatenate([*self.known.values(), np.empty(0, np.int64)])
        found = known[known >= 0]
        if not (pictures.in_training[found].any() and pictures.in_public_test[found].any()):
            return dict.fromkeys(self.known, 0)
        return {name: _misplaced(name, known) for name, known in self.known.items()}


def join_fer2013_votes(dataset: Dataset) -> JoinedDataset:
    """Join FER+'s votes to the images of FER2013; others get none.

    In a complete fer2013.csv, rows without a known fingerprint (PrivateTest's, and constant pictures) get their votes
    by row number.
    """
    matches = {name: find_fer2013(convert_images(split.images, FER2013_FORM)) for name, split in dataset.splits.items()}
    row_votes = _votes_by_row(dataset, matches)
    splits = {
        name: replace(split, votes=matches[name].votes if row_votes is None else row_votes[name])
        for name, split in dataset.splits.items()
    }
    return JoinedDataset(
        replace(dataset, splits=splits),
        {name: match.known for name, match in matches.items()},
    )


def restore_official_split(joined: JoinedDataset) -> JoinedDataset:
    """Divide the images of FER2013's Training and PublicTest as FER2013 does, leave out others, and check the splits.

    A picture in both parts stays in the split that it is in; of several copies, each part gets at least one.

    Raises:
        DataError: If most images are not FER2013's, or an expression has no image in one of the parts.
    """
    dataset = joined.dataset
    everything = _joined(list(dataset.splits.values()))
    known = np.concatenate(list(joined.known.values()))
    if (known >= 0).mean() < _LEAST_FER2013:
        raise DataError(
            f"{dataset.source}: expected a copy of FER2013, whose official split can be restored; "
            f"only {(known >= 0).sum():,} of {len(known):,} images are FER2013's; keep the split of the data"
        )
    was_training = np.repeat([name is SplitName.TRAIN for name in dataset.splits], [*map(len, joined.known.values())])
    places = _official_places(known, was_training)
    splits = {name: everything.take(rows) for name, rows in places.items()}
    left_out = len(everything) - sum(map(len, splits.values()))
    note = f"official split restored: {len(splits[SplitName.TRAIN]):,} images of Training, " + (
        f"{len(splits[SplitName.VALIDATION]):,} of PublicTest; {left_out:,} others left out"
    )
    restored = check_splits(recount(replace(dataset, splits=splits, notes=(*dataset.notes, note))))
    return JoinedDataset(restored, {name: known[rows] for name, rows in places.items()})


def _official_places(known: IntArray, was_training: BoolArray) -> dict[SplitName, IntArray]:
    """Return the ascending indices of the images that belong to Training and to PublicTest.

    Args:
        known: Index of each image in `KnownPictures`, int64 (N,), or -1.
        was_training: Whether each image is in the data set's training split, bool (N,).
    """
    pictures, count = known_pictures(), len(known_pictures().counts)
    images = np.lexsort((~was_training, known))[(known < 0).sum() :]  # by picture, those of the training split first
    picture = known[images]
    copies = np.bincount(picture, minlength=count)
    was_validation = np.bincount(known[~was_training & (known >= 0)], minlength=count)
    shared = np.clip(was_validation, np.minimum(copies - 1, 1), np.maximum(copies - 1, 1))
    in_both = pictures.in_training & pictures.in_public_test
    to_validation = np.where(in_both, shared, np.where(pictures.in_public_test, copies, 0))
    place = np.arange(len(images)) - np.searchsorted(picture, picture)
    in_validation = place >= (copies - to_validation)[picture]
    return {
        SplitName.TRAIN: np.sort(images[~in_validation]),
        SplitName.VALIDATION: np.sort(images[in_validation]),
    }


def _misplaced(name: SplitName, known: IntArray) -> int:
    if name is SplitName.TEST:
        return 0
    pictures = known_pictures()
    of_part = pictures.in_training if name is SplitName.TRAIN else pictures.in_public_test
    return int(((known >= 0) & ~of_part[known]).sum())


def _votes_by_row(dataset: Dataset, matches: dict[SplitName, Matches]) -> dict[SplitName, Votes] | None:
    """Return the votes by row of fer2013.csv; None unless every known picture of the classes is in its own row."""
    pictures = known_pictures()
    found = np.full(len(pictures.row_counts), NOT_FER2013)
    known = pictures.picture_of_row >= 0
    expected = np.zeros(len(known), bool) if dataset.left_out_classes else known
    rows = {name: _rows(split) for name, split in dataset.splits.items()}
    for name, numbers in rows.items():
        if numbers is None or numbers.max() >= len(found):
            return None
        found[numbers] = matches[name].known
        expected[numbers] = known[numbers]
    if not np.array_equal(found[expected], pictures.picture_of_row[expected]):
        return None
    return {name: Votes(pictures.row_counts[numbers]) for name, numbers in rows.items() if numbers is not None}


def _rows(split: Split) -> npt.NDArray[np.int64] | None:
    """Return each image's row in a CSV file, from 0; None if the images are from other files."""
    lines = [re.fullmatch(r"line (\d+)", name) for name in split.names]
    return np.array([int(line[1]) - _FIRST_LINE for line in lines if line]) if all(lines) else None


def _joined(splits: list[Split]) -> Split:
    return Split(
        np.concatenate([split.images for split in splits]),
        np.concatenate([split.labels for split in splits]),
        tuple(name for split in splits for name in split.names),
        Votes(np.concatenate([split.votes.counts for split in splits if split.votes])),
        splits[0].classes,
    )
