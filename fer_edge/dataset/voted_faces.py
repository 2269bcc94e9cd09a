"""Labelled faces with people's votes on them. No TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice
from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.dataset.loading import SYNTHETIC, load_dataset
from fer_edge.dataset.official_split import JoinedDataset, join_fer2013_votes, restore_official_split
from fer_edge.dataset.votes import Votes
from fer_edge.dataset.votes_csv import join_votes, read_votes_csv
from fer_edge.labels import EXPRESSIONS
from fer_edge.names import some
from fer_edge.picture_form import FER2013_FORM, PictureForm

_PARTS = {SplitName.TRAIN: "Training", SplitName.VALIDATION: "PublicTest"}
"""Parts that FER2013 was published in, by the split that each is for."""


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

    The votes are on the data set's classes: joined classes get the sum of their parts' votes, and votes for classes
    that are left out count for one further answer, `fer_edge.dataset.votes.ANOTHER_CLASS`.

    Args:
        data: As for `load_dataset`.
        votes_file: CSV of people's votes. Without it, images of FER2013 get FER+'s, whatever their files are called;
            with a class that FER+ has no votes for, they get none.
        official_split: Divide a copy of FER2013 as FER2013 is.
        choice: As for `load_dataset`.
        form: As for `load_dataset`.
        allow_download: As for `load_dataset`.

    Raises:
        DataError: If the faces, the votes, or FER2013's division of the faces cannot be had.
    """
    table = read_votes_csv(votes_file) if votes_file else None
    loaded = load_dataset(data, choice=choice, form=form, allow_download=allow_download)
    joined = _join_fer2013(loaded, official_split=official_split)
    dataset, notes = joined.dataset, _division_notes(joined)
    if table:
        dataset, summary = join_votes(dataset, table)
        notes.append(summary)
    else:
        dataset, summary = _with_fer2013_votes(joined)
        notes += [summary] if joined.found else []
    return replace(dataset, notes=(*dataset.notes, *notes))


def _join_fer2013(dataset: Dataset, *, official_split: bool) -> JoinedDataset:
    if official_split:
        return restore_official_split(join_fer2013_votes(dataset))
    return JoinedDataset(dataset, {}) if dataset.source == SYNTHETIC else join_fer2013_votes(dataset)


def _division_notes(joined: JoinedDataset) -> list[str]:
    counts = [
        f"{count:,} of the {len(joined.dataset.splits[name]):,} images in {name.value} are not from {_PARTS[name]}"
        for name, count in joined.misplaced.items()
        if count
    ]
    if not counts:
        return []
    return [
        "FER2013 was published in parts: Training, to train on, and PublicTest, to validate on. In this copy, "
        f"{' and '.join(counts)}, so results are not comparable with published ones; official_split=True restores "
        "these parts"
    ]


def _with_fer2013_votes(joined: JoinedDataset) -> tuple[Dataset, str]:
    """Return the data set with FER+'s votes on its classes, and a sentence on them; without votes if one has none."""
    dataset = joined.dataset
    parts = dataset.class_parts()
    lacking = Votes.none(0).lacking(parts)
    if lacking or (dataset.classes != EXPRESSIONS and not joined.found):
        left_out = f"FER+'s votes are left out, as people were not asked about {some(lacking)}: labels alone count"
        return _with_votes(dataset, lambda votes: None), left_out
    images = sum(map(len, dataset.splits.values()))
    found = f"{joined.found:,} of {images:,} images are FER2013's, and have FER+'s votes"
    return _with_votes(dataset, lambda votes: votes.on_classes(parts)), found


def _with_votes(dataset: Dataset, change: Callable[[Votes], Votes | None]) -> Dataset:
    splits = {
        name: replace(split, votes=None if split.votes is None else change(split.votes))
        for name, split in dataset.splits.items()
    }
    return replace(dataset, splits=splits)
