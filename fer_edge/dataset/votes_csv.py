"""Reader of people's votes from a CSV file: one picture per line, with counts of votes. No TensorFlow."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.named_rows import match_images, name_column, read_records, read_rows, some_names
from fer_edge.dataset.votes import CHOICES, Votes
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
"""Other words for `CHOICES`, such as FER+'s."""

_MOST = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class VotesTable:
    """A CSV file of votes.

    Attributes:
        path: File of the table.
        counts: Votes for each of `CHOICES`, uint16 (10,), by the picture's name.
        empty: Names of the pictures without votes.
        ignored: Columns that are none of `CHOICES`.
    """

    path: Path
    counts: dict[str, npt.NDArray[np.uint16]]
    empty: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def read_votes_csv(path: Path) -> VotesTable:
    """Read a file with a column of names and one for each expression; columns for `OTHER_CHOICES` are optional.

    Raises:
        InputError: If the file is missing, no regular file, too large or no text.
        DataError: If it is no CSV, lacks a column, or has an invalid name or count.
    """
    text = read_text_file(path, "a CSV file of people's votes")
    try:
        return _read(path, read_records(StringIO(text)))
    except csv.Error as error:
        raise DataError(f"{path}: expected a CSV file of votes; save it as CSV in UTF-8 ({error})") from error


def join_votes(dataset: Dataset, table: VotesTable) -> tuple[Dataset, str]:
    """Replace the votes on the images by those of a table.

    Args:
        dataset: Labelled faces.
        table: Votes by names as in `Split.names`, or by as much of their end as is unique, such as the file's name.

    Returns:
        The data set, and a sentence with the number of images that have votes and the names without an image.

    Raises:
        DataError: If no name matches an image, or one matches several.
    """
    images = [name for split in dataset.splits.values() for name in split.names]
    matched, unknown = match_images(table.path, table.counts, images)
    counts = {image: table.counts[name] for image, name in matched.items()}
    splits = {name: replace(split, votes=_votes(split, counts)) for name, split in dataset.splits.items()}
    return replace(dataset, splits=splits), _summary(table, len(counts), unknown)


def _read(path: Path, records: Iterator[list[str]]) -> VotesTable:
    columns = [_SYNONYMS.get(name, name) for name in (cell.strip().lower() for cell in next(records, []))]
    key, places = _columns(path, columns)
    counts: dict[str, npt.NDArray[np.uint16]] = {}
    for where, name, cells in read_rows(path, columns, key, records):
        row = counts[name] = np.zeros(len(CHOICES), np.uint16)
        for choice, column in places:
            row[choice] = _count(where, cells[column])
    used = {key, *(column for _, column in places)}
    ignored = tuple(name for i, name in enumerate(columns) if i not in used and name)
    return VotesTable(path, counts, tuple(name for name, row in counts.items() if not row.any()), ignored)


def _columns(path: Path, columns: list[str]) -> tuple[int, list[tuple[int, int]]]:
    """Return the column of the pictures' names, and each choice with its column."""
    key = name_column(columns)
    missing = [name for name in EXPRESSIONS if name not in columns]
    if key is None or missing:
        lacking = "a column image" if key is None else f"the column {missing[0]}"
        raise DataError(
            f"{path}: expected the columns image, {', '.join(EXPRESSIONS)} and perhaps contempt, unknown, no face; "
            f"{lacking} is missing"
        )
    if twice := [name for name in CHOICES if columns.count(name) > 1]:
        raise DataError(f"{path}: expected one column for each expression, got several for {twice[0]}")
    return key, [(i, columns.index(choice)) for i, choice in enumerate(CHOICES) if choice in columns]


def _count(where: str, text: str) -> int:
    # A spreadsheet or pandas may write 7 as 7.0.
    match = re.fullmatch(r"0*([0-9]{1,5})(\.0*)?", text.strip() or "0", re.ASCII)
    if match is None or int(match[1]) > _MOST:
        raise DataError(f"{where}: expected whole numbers of votes from 0 to {_MOST}, got {printable(text[:20])!r}")
    return int(match[1])


def _votes(split: Split, counts: dict[str, npt.NDArray[np.uint16]]) -> Votes:
    nobody = np.zeros(len(CHOICES), np.uint16)
    return Votes(np.stack([counts.get(name, nobody) for name in split.names]))


def _summary(table: VotesTable, joined: int, unknown: list[str]) -> str:
    parts = [f"{table.path}: votes on {joined:,} images"]
    if table.empty:
        parts.append(f"{len(table.empty):,} of them without a vote ({some_names(table.empty)})")
    if unknown:
        parts.append(f"{len(unknown):,} names without an image ({some_names(unknown)})")
    if table.ignored:
        parts.append(f"ignored columns: {some_names(table.ignored)}")
    return "; ".join(parts)
