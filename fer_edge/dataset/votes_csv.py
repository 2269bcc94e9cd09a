"""Reader of people's votes from a CSV file: one picture per line, with counts of votes. No TensorFlow."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.class_choice import class_name
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.named_rows import match_images, name_column, read_records, read_rows, some_names
from fer_edge.dataset.votes import OTHER_CHOICES, Votes
from fer_edge.errors import DataError
from fer_edge.files import read_text_file
from fer_edge.labels import EXPRESSIONS
from fer_edge.names import printable

_SYNONYMS = {
    "anger": "angry",
    "happiness": "happy",
    "sadness": "sad",
    "nf": "no face",
    "no_face": "no face",
}
"""Other words for expressions and `OTHER_CHOICES`, such as FER+'s."""

_MOST = np.iinfo(np.uint16).max

_SHOWN = 40
"""Characters of a column's name in a message."""

_Counts = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class VotesTable:
    """A CSV file of votes, whose counts are read once the classes are known.

    Attributes:
        path: File of the table.
        columns: Headings, in lower case.
        key: Place of the column with the pictures' names.
        rows: Place in the file, for errors, and cells by the picture's name.
    """

    path: Path
    columns: tuple[str, ...]
    key: int
    rows: dict[str, tuple[str, list[str]]]


def read_votes_csv(path: Path) -> VotesTable:
    """Read a file with a column of names and columns of counts.

    Raises:
        InputError: If the file is missing, no regular file, too large or no text.
        DataError: If it is no CSV, lacks the column of names, or has an invalid name.
    """
    text = read_text_file(path, "a CSV file of people's votes")
    try:
        records = read_records(StringIO(text))
        columns = tuple(map(class_name, next(records, [])))
        key = name_column(columns)
        if key is None:
            found = some_names([name[:_SHOWN] for name in columns]) or "none"
            raise DataError(f"{_expected(path, EXPRESSIONS, 'a column image')} among {found}")
        rows = {name: (where, cells) for where, name, cells in read_rows(path, columns, key, records)}
    except csv.Error as error:
        raise DataError(f"{path}: expected a CSV file of votes; save it as CSV in UTF-8 ({error})") from error
    return VotesTable(path, columns, key, rows)


def join_votes(dataset: Dataset, table: VotesTable) -> tuple[Dataset, str]:
    """Replace the votes on the images by those of a table.

    It has a column for each class, or for each of those that a class joins; those for `OTHER_CHOICES`, for expressions
    and for the data set's classes that were left out are optional.

    Args:
        dataset: Labelled faces.
        table: Votes by names as in `Split.names`, or by as much of their end as is unique, such as the file's name.

    Returns:
        The data set, and a sentence with the number of images that have votes and the names without an image.

    Raises:
        DataError: If a class has no column, a count is none, no name matches an image, or one matches several.
    """
    columns = _Columns(table, dataset)
    votes = {name: columns.read(where, cells) for name, (where, cells) in table.rows.items()}
    images = [name for split in dataset.splits.values() for name in split.names]
    matched, unknown = match_images(table.path, votes, images)
    counts = {image: votes[name] for image, name in matched.items()}
    splits = {name: replace(split, votes=columns.votes(split, counts)) for name, split in dataset.splits.items()}
    empty = [name for name, row in votes.items() if not row.any()]
    return replace(dataset, splits=splits), _summary(table, len(counts), unknown, empty, columns.ignored)


class _Columns:
    """Columns of a table that hold votes on a data set's images."""

    def __init__(self, table: VotesTable, dataset: Dataset) -> None:
        own = {*dataset.classes, *dataset.left_out_classes}
        names = [name if name in own else _SYNONYMS.get(name, name) for name in table.columns]
        self._parts = {name: _read_as(parts, name, names) for name, parts in dataset.class_parts().items()}
        used = tuple(dict.fromkeys(choice for joined in self._parts.values() for choice in joined))
        if missing := [name for name in used if name not in names]:
            raise DataError(_expected(table.path, dataset.classes, f"the column {missing[0]}"))
        joined = {*dataset.classes, *(part for parts in dataset.class_parts().values() for part in parts)}
        further = [name for name in dict.fromkeys((*dataset.left_out_classes, *EXPRESSIONS)) if name not in joined]
        self._classes = (*used, *(name for name in further if name in names))
        self._others = tuple(name for name in OTHER_CHOICES if name not in self._classes)
        choices = (*self._classes, *self._others)
        if twice := [name for name in choices if names.count(name) > 1]:
            raise DataError(f"{table.path}: expected one column for each class, got several for {twice[0]}")
        self._places = [names.index(name) if name in names else None for name in choices]
        known = {table.key, *self._places}
        self.ignored = [name for place, name in enumerate(names) if place not in known and name]

    def read(self, where: str, cells: list[str]) -> _Counts:
        """Return the counts in one line, uint16 (choices,)."""
        counts = [0 if place is None else _count(where, cells[place]) for place in self._places]
        if sum(counts) > _MOST:
            raise DataError(f"{where}: expected at most {_MOST} votes on an image, got {sum(counts)}")
        return np.array(counts, np.uint16)

    def votes(self, split: Split, counts: dict[str, _Counts]) -> Votes:
        """Return the votes on a split's images for its classes, by the counts of those that have any."""
        nobody = np.zeros(len(self._places), np.uint16)
        rows = np.stack([counts.get(name, nobody) for name in split.names])
        return Votes(rows, self._classes, self._others).on_classes(self._parts)


def _read_as(parts: Sequence[str], name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a class's votes are the sum of: those of the classes that it joins, or its own."""
    return (name,) if name in columns and not set(parts) <= set(columns) else tuple(parts)


def _expected(path: Path, classes: Sequence[str], missing: str) -> str:
    others = ", ".join(name for name in OTHER_CHOICES if name not in classes)
    return f"{path}: expected the columns image, {', '.join(classes)} and perhaps {others}; {missing} is missing"


def _count(where: str, text: str) -> int:
    # A spreadsheet or pandas may write 7 as 7.0.
    match = re.fullmatch(r"0*([0-9]{1,5})(\.0*)?", text.strip() or "0", re.ASCII)
    if match is None or int(match[1]) > _MOST:
        raise DataError(
            f"{where}: expected whole numbers of votes from 0 to {_MOST}, got {printable(text[:20])!r}; "
            "give the number of people who answered so, not their share"
        )
    return int(match[1])


def _summary(
    table: VotesTable, joined: int, unknown: Sequence[str], empty: Sequence[str], ignored: Sequence[str]
) -> str:
    parts = [f"{table.path}: votes on {joined:,} images"]
    if empty:
        parts.append(f"{len(empty):,} of them without a vote ({some_names(empty)})")
    if unknown:
        parts.append(f"{len(unknown):,} names without an image ({some_names(unknown)})")
    if ignored:
        parts.append(f"ignored columns: {some_names(ignored)}")
    return "; ".join(parts)
