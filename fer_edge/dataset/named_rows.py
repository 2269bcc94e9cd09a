"""Rows of a CSV file about images, joined to a data set's images by their names. No TensorFlow."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import TextIO

from fer_edge.errors import DataError
from fer_edge.files import read_text_file
from fer_edge.names import printable, some

_NAME_COLUMNS = ("image", "name", "image name", "file")
"""Headings of the column with the images' names, the first that is there."""


def read_records(file: TextIO) -> Iterator[list[str]]:
    """Yield the cells of each line, separated by what the header has most of: commas, semicolons or tabs."""
    first = file.readline()
    separator = max(",;\t", key=first.count)
    yield from csv.reader(chain([first], file), delimiter=separator)


def read_column(path: Path, column: str) -> dict[str, str]:
    """Return a text for each image from a CSV file with the columns image and `column`; other columns are ignored.

    Args:
        path: The file.
        column: Name of the column; a text may be empty.

    Raises:
        InputError: If the file is missing, no regular file, too large or no text.
        DataError: If it is no CSV, lacks a column, or names an image twice.
    """
    text = read_text_file(path, f"a CSV file with the columns image and {column}")
    try:
        return _read_column(path, column, read_records(StringIO(text)))
    except csv.Error as error:
        raise DataError(
            f"{path}: expected a CSV file with the columns image and {column}; save it as CSV in UTF-8 ({error})"
        ) from error


def name_column(columns: Sequence[str]) -> int | None:
    """Return the place of the column with the images' names; `None` if there is none."""
    return next((columns.index(name) for name in _NAME_COLUMNS if name in columns), None)


def read_rows(
    path: Path, columns: Sequence[str], key: int, records: Iterable[list[str]]
) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the place, for errors, the image's name and the cells of each line after the header that is not empty.

    Args:
        path: The file, for errors.
        columns: Headings.
        key: Place of the column with the images' names.
        records: Cells of the lines after the header.

    Raises:
        DataError: If a line has another number of cells, no name, or that of an earlier line.
    """
    seen = set[str]()
    for number, cells in enumerate(records, start=2):
        if not any(cells):
            continue
        where = f"{path}, line {number}"
        if len(cells) != len(columns):
            raise DataError(f"{where}: expected {len(columns)} columns, got {len(cells)}")
        name = cells[key].strip()
        if not name or name in seen:
            got = f"{printable(name)} again" if name else "a line without a name"
            raise DataError(f"{where}: expected each image once, got {got}")
        seen.add(name)
        yield where, name, cells


def match_images(path: Path, names: Iterable[str], images: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Match names in a CSV file to images.

    Args:
        path: The file, for errors.
        names: Names in it: of the whole path, or of as much of its end as is unique, such as the file's name.
        images: Names of the images.

    Returns:
        The name in the file by the image's name, and the names without an image.

    Raises:
        DataError: If no name matches, one matches several images, or several match one.
    """
    by_ending = _by_ending(images)
    found = {name: by_ending.get(_normal(name), []) for name in names}
    if not any(found.values()):
        raise DataError(
            f"{path}: expected names of the data set's images such as {printable(images[0])}, got "
            f"{some_names(list(found)) or 'none'}"
        )
    if several := [name for name, matching in found.items() if len(matching) > 1]:
        raise DataError(f"{path}: {some_names(several)} matches several images; give more of the path")
    lines = Counter(matching[0] for matching in found.values() if matching)
    if twice := [name for name, count in lines.items() if count > 1]:
        raise DataError(f"{path}: expected each image once, several lines name {some_names(twice)}")
    unknown = [name for name, matching in found.items() if not matching]
    return {matching[0]: name for name, matching in found.items() if matching}, unknown


def some_names(names: Sequence[str]) -> str:
    """Join the first few names, escaped for a terminal."""
    return some(list(map(printable, names)))


def _read_column(path: Path, column: str, records: Iterator[list[str]]) -> dict[str, str]:
    columns = [cell.strip().lower() for cell in next(records, [])]
    key = name_column(columns)
    if key is None or columns.count(column) != 1:
        raise DataError(f"{path}: expected the columns image and {column}, got {some_names(columns) or 'none'}")
    place = columns.index(column)
    return {name: printable(cells[place].strip()) for _, name, cells in read_rows(path, columns, key, records)}


def _by_ending(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the images by each ending of their path, from the file's name to the whole path."""
    found: dict[str, list[str]] = {}
    for name in names:
        parts = _normal(name).split("/")
        for start in range(len(parts)):
            found.setdefault("/".join(parts[start:]), []).append(name)
    return found


def _normal(name: str) -> str:
    """Normalize a path for comparison: Unicode NFC, `/` between folders, no leading `./`."""
    return unicodedata.normalize("NFC", printable(name)).replace("\\", "/").removeprefix("./")
