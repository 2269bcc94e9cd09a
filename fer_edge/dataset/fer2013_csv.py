"""Reader of fer2013.csv: one image per line, with label, decimal pixels and split. No TensorFlow."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import FACE_SIZE, Dataset, ImageFault, SplitName
from fer_edge.dataset.gathering import Gathered
from fer_edge.dataset.named_rows import read_records
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER
from fer_edge.names import printable, some

_COLUMNS = ("emotion", "pixels", "usage")
_USAGES = {
    "training": SplitName.TRAIN,
    "publictest": SplitName.VALIDATION,
    "privatetest": SplitName.TEST,
}
_EXPECTED_USAGE = "Training, PublicTest or PrivateTest as Usage"
_SEPARATORS = str.maketrans(dict.fromkeys("[](),;'\"", " "))
"""Characters around and between pixels in files of other tools: `[70, 80, 82]`."""

_PIXELS = FACE_SIZE * FACE_SIZE
_EXPECTED_PIXELS = f"expected {_PIXELS} whole numbers 0..255"
_SHOWN = 6


def read_fer2013_csv(path: Path) -> Dataset:
    """Read the file; lines whose pixels are no image are counted and left out.

    Raises:
        DataError: If columns, labels or splits are not as expected, or a split has no usable image.
    """
    gathered = Gathered()
    rows = _rows(path)
    header = [name.strip().lower() for name in next(rows, [])]
    emotion, pixels, usage = _columns(path, header)
    for number, row in enumerate(rows, start=2):
        if not row:
            continue
        name = f"line {number}"
        if len(row) != len(header):
            raise DataError(f"{path}, {name}: expected {len(header)} columns as in its first line, got {len(row)}")
        split = _USAGES.get(row[usage].strip().lower())
        if split is None:
            raise DataError(f"{path}, {name}: expected {_EXPECTED_USAGE}, got {printable(row[usage][:40])!r}")
        label, image = _label(path, name, row[emotion]), _image(row[pixels])
        if isinstance(image, str):
            gathered.leave_out(split, label, name, ImageFault.NOT_AN_IMAGE, image)
        else:
            gathered.add(split, label, name, image)
    return gathered.dataset(str(path))


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        try:
            yield from read_records(file)
        except csv.Error as error:
            raise DataError(f"{path}: not readable as CSV ({error}); expected fer2013.csv") from error


def _columns(path: Path, header: Sequence[str]) -> list[int]:
    """Return the places of `_COLUMNS` in the header."""
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        shown = some([printable(name[:40]) for name in header], shown=_SHOWN) or "nothing"
        hint = ""
        if missing == ["usage"]:
            hint = f"; it assigns each image to a split, so add it (with {_EXPECTED_USAGE}), or give a file that has it"
        raise DataError(
            f"{path}: expected the columns emotion, pixels, Usage of fer2013.csv; {', '.join(missing)} is missing "
            f"among {shown}{hint}"
        )
    return [header.index(name) for name in _COLUMNS]


def _label(path: Path, name: str, text: str) -> int:
    if text.strip() not in {str(i) for i in range(len(FER2013_ORDER))}:
        raise DataError(
            f"{path}, {name}: expected an emotion from 0 to {len(FER2013_ORDER) - 1}, got {printable(text[:40])!r}"
        )
    return EXPRESSIONS.index(FER2013_ORDER[int(text)])


def _image(text: str) -> npt.NDArray[np.uint8] | str:
    """Return the image, uint8 (48, 48), or its fault in words that follow the line's name."""
    words = text.translate(_SEPARATORS).split()
    if "..." in words:
        return "has '...' among its pixels: the tool that wrote the file left out most of them"
    if len(words) != _PIXELS:
        return f"has {len(words):,} pixels; {_EXPECTED_PIXELS}"
    try:
        values = np.array(words, dtype=np.int64)
    except (ValueError, OverflowError):
        odd = next((word for word in words if not word.isdecimal()), words[0])
        return f"has other pixels; {_EXPECTED_PIXELS}, got {printable(odd[:20])!r}"
    if values.min() < 0 or values.max() > 255:
        return f"has pixels from {values.min()} to {values.max()}; {_EXPECTED_PIXELS}"
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE)
