"""Labelled faces with people's votes on them. No TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.loading import SYNTHETIC, load_dataset
from fer_edge.dataset.official_split import JoinedDataset, join_fer2013_votes, restore_official_split
from fer_edge.dataset.votes_csv import join_votes, read_votes_csv
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import FER2013_FORM, PictureForm

_VOTES_ON_SEVEN = "people voted on the seven expressions, and the classes are others"


def load_voted_dataset(
    data: str | None,
    votes_file: Path | None = None,
    *,
    official_split: bool = False,
    choice: ClassChoice = ALL_CLASSES,
    form: PictureForm = FER2013_FORM,
    allow_download: Callable[[str], bool] | None = None,
) -> Dataset:
    """Read labelled faces as `load_dataset` does, and join people's votes; the data set's notes say what was found.

    Args:
        data: As for `load_dataset`.
        votes_file: CSV of people's votes. Without it, images of FER2013 get FER+'s, whatever their files are called.
        official_split: Divide a copy of FER2013 as FER2013 is.
        choice: As for `load_dataset`. Votes are about the seven expressions: with other classes they are left out.
        form: As for `load_dataset`.
        allow_download: As for `load_dataset`.

    Raises:
        DataError: If the faces, the votes, or FER2013's division of the faces cannot be had.
    """
    table = read_votes_csv(votes_file) if votes_file else None
    loaded = load_dataset(data, choice=choice, form=form, allow_download=allow_download)
    joined = _join_fer2013(loaded, official_split=official_split)
    dataset, notes = joined.dataset, [*_division_notes(joined)]
    if dataset.classes != EXPRESSIONS:
        if table:
            raise DataError(f"{votes_file}: {_VOTES_ON_SEVEN}; leave the votes out")
        notes += [f"FER+'s votes are left out: {_VOTES_ON_SEVEN}"] if joined.found else []
        dataset = without_votes(dataset)
    elif table:
        dataset, summary = join_votes(dataset, table)
        notes.append(summary)
    elif joined.found:
        images = sum(map(len, dataset.splits.values()))
        notes.append(f"{joined.found:,} of {images:,} images are FER2013's, and have FER+'s votes")
    return replace(dataset, notes=(*dataset.notes, *notes))


def without_votes(dataset: Dataset) -> Dataset:
    """Return the data set without people's votes."""
    return replace(dataset, splits={name: replace(split, votes=None) for name, split in dataset.splits.items()})


def _join_fer2013(dataset: Dataset, *, official_split: bool) -> JoinedDataset:
    if official_split:
        return restore_official_split(join_fer2013_votes(dataset))
    return JoinedDataset(dataset, {}) if dataset.source == SYNTHETIC else join_fer2013_votes(dataset)


def _division_notes(joined: JoinedDataset) -> Iterator[str]:
    counts = [f"{count:,} of the {name.value} split" for name, count in joined.misplaced.items() if count]
    if counts:
        yield f"{', '.join(counts)} belong to another part of FER2013; --official-split restores its own division"
