"""FER2013's own division into Training, PublicTest and PrivateTest, told by what pictures show. No TensorFlow."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError
from fer_edge.training.data import Dataset, Split, SplitName
from fer_edge.training.fer2013_votes import NOT_FER2013, Matches, find_fer2013, known_pictures
from fer_edge.training.votes import Votes

BoolArray = npt.NDArray[np.bool_]

_LEAST_FER2013 = 0.5
"""Share of a data set's images that are FER2013's, above which it is taken for a copy of FER2013."""

_FIRST_LINE = 2
"""Of a CSV file, that has a row: the first one is the header."""


@dataclass(frozen=True)
class JoinedDataset:
    """Labelled faces with people's votes, and how they are divided.

    Attributes:
        dataset: The same images, with votes.
        found: How many of them are FER2013's.
        misplaced: For each split, how many of its images FER2013 has in another part only.
    """

    dataset: Dataset
    found: int
    misplaced: dict[SplitName, int]


class _Parts(NamedTuple):
    """Which parts of FER2013 hold each of N images: two bool (N,); an image may stand in both, or in neither."""

    training: BoolArray
    public_test: BoolArray

    def of_split(self, name: SplitName) -> BoolArray:
        """Return whether each image belongs to a split of the official division."""
        return self.training if name is SplitName.TRAIN else self.public_test


def join_fer2013_votes(dataset: Dataset) -> JoinedDataset:
    """Give every image of FER2013 the votes that FER+ has on it.

    Images that are not FER2013's get none. In a fer2013.csv with all its rows, the rows that no fingerprint is known of
    (PrivateTest's, and constant pictures) get their votes by their number.
    """
    matches = {name: find_fer2013(split.images) for name, split in dataset.splits.items()}
    row_votes = _votes_by_row(dataset, matches)
    splits = {
        name: replace(split, votes=matches[name].votes if row_votes is None else row_votes[name])
        for name, split in dataset.splits.items()
    }
    return JoinedDataset(
        replace(dataset, splits=splits),
        found=sum(int((match.known >= 0).sum()) for match in matches.values()),
        misplaced={name: _misplaced(name, match) for name, match in matches.items()},
    )


def restore_official_split(dataset: Dataset) -> Dataset:
    """Return the images that FER2013's Training and PublicTest parts hold, divided as FER2013 is.

    An image that stands in both parts goes where the data set has it, or to Training. Others are left out.

    Raises:
        DataError: If most images are not FER2013's.
    """
    everything = _joined(list(dataset.splits.values()))
    was_training = np.repeat(
        [name is SplitName.TRAIN for name in dataset.splits], [len(split) for split in dataset.splits.values()]
    )
    known = find_fer2013(everything.images).known
    if (known >= 0).mean() < _LEAST_FER2013:
        raise DataError(
            f"{dataset.source}: expected a copy of FER2013, whose official split can be restored; "
            f"only {(known >= 0).sum():,} of {len(known):,} images are FER2013's; leave out --official-split"
        )
    parts = _parts(known)
    training = parts.training & (was_training | ~parts.public_test)
    validation = parts.public_test & ~training
    splits = {
        SplitName.TRAIN: everything.take(np.flatnonzero(training)),
        SplitName.VALIDATION: everything.take(np.flatnonzero(validation)),
    }
    left_out = len(everything) - sum(map(len, splits.values()))
    note = f"official split restored: {len(splits[SplitName.TRAIN]):,} images of Training, " + (
        f"{len(splits[SplitName.VALIDATION]):,} of PublicTest; {left_out:,} others left out"
    )
    return replace(dataset, splits=splits, findings={}, examples={}, notes=(*dataset.notes, note))


def _parts(known: npt.NDArray[np.int64]) -> _Parts:
    pictures, found = known_pictures(), known >= 0
    return _Parts(pictures.in_training[known] & found, pictures.in_public_test[known] & found)


def _misplaced(name: SplitName, match: Matches) -> int:
    if name is SplitName.TEST:
        return 0
    return int(((match.known >= 0) & ~_parts(match.known).of_split(name)).sum())


def _votes_by_row(dataset: Dataset, matches: dict[SplitName, Matches]) -> dict[SplitName, Votes] | None:
    """The votes on each row of fer2013.csv; `None` unless every picture that is known lies in its own row."""
    pictures = known_pictures()
    found = np.full(len(pictures.row_counts), NOT_FER2013)
    rows = {name: _rows(split) for name, split in dataset.splits.items()}
    for name, numbers in rows.items():
        if numbers is None or numbers.max() >= len(found):
            return None
        found[numbers] = matches[name].known
    known = pictures.picture_of_row >= 0
    if not np.array_equal(found[known], pictures.picture_of_row[known]):
        return None
    return {name: Votes(pictures.row_counts[numbers]) for name, numbers in rows.items() if numbers is not None}


def _rows(split: Split) -> npt.NDArray[np.int64] | None:
    """Each image's row in a CSV file, from 0; `None` if the images are not from one."""
    lines = [re.fullmatch(r"line (\d+)", name) for name in split.names]
    return np.array([int(line[1]) - _FIRST_LINE for line in lines if line]) if all(lines) else None


def _joined(splits: list[Split]) -> Split:
    return Split(
        np.concatenate([split.images for split in splits]),
        np.concatenate([split.labels for split in splits]),
        tuple(name for split in splits for name in split.names),
    )
