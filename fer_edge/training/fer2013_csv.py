"""fer2013.csv: a line an image, with its label, its pixels in decimal and its split. No TensorFlow."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.data import FACE_SIZE, Dataset, Finding, SplitName
from fer_edge.training.gathering import Gathered

_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
_USAGES = {
    "Training": SplitName.TRAIN,
    "PublicTest": SplitName.VALIDATION,
    "PrivateTest": SplitName.TEST,
}


def read_fer2013_csv(path: Path) -> Dataset:
    """Read the file; lines whose pixels are not those of an image are counted.

    Raises:
        DataError: If it has other columns, labels or splits.
    """
    gathered = Gathered()
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.reader(file)
        header = [name.strip().lower() for name in next(reader, [])]
        if not {"emotion", "pixels", "usage"} <= set(header):
            raise DataError(f"{path}: expected the columns emotion, pixels, Usage of fer2013.csv, got {header}")
        emotion, pixels, usage = (header.index(name) for name in ("emotion", "pixels", "usage"))
        for number, row in _numbered_rows(path, reader):
            if not row:
                continue
            name = f"line {number}"
            if len(row) != len(header) or row[usage].strip() not in _USAGES:
                usages = ", ".join(_USAGES)
                raise DataError(f"{path}, {name}: expected {len(header)} columns with one of {usages} as Usage")
            label, image = _label(path, name, row[emotion]), _image(row[pixels])
            faults = [Finding.NOT_AN_IMAGE] if image is None else []
            gathered.add(_USAGES[row[usage].strip()], label, name, image, faults)
    return gathered.dataset(str(path))


def _numbered_rows(path: Path, rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from enumerate(rows, start=2)
    except csv.Error as error:
        raise DataError(f"{path}: not readable as CSV ({error}); expected fer2013.csv") from error


def _label(path: Path, name: str, text: str) -> int:
    if text.strip() not in {str(i) for i in range(len(_LABELS))}:
        raise DataError(f"{path}, {name}: expected an emotion from 0 to {len(_LABELS) - 1}, got {text!r}")
    return EXPRESSIONS.index(_LABELS[int(text)])


def _image(text: str) -> npt.NDArray[np.uint8] | None:
    try:
        values = np.array(text.split(), dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    if values.size != FACE_SIZE * FACE_SIZE or values.min() < 0 or values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE)
