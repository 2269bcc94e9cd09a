"""Where labelled faces are read from: a zip, a folder, fer2013.csv, synthetic faces, Kaggle. No TensorFlow."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

from fer_edge.errors import DataError, MissingExtraError, first_line
from fer_edge.files import DAMAGED_ZIP_ERRORS
from fer_edge.names import printable
from fer_edge.native_paths import typed_path
from fer_edge.training.data import Dataset, Finding, SplitName, check_splits
from fer_edge.training.face_image import Rejected, decode_face
from fer_edge.training.fer2013_csv import read_fer2013_csv
from fer_edge.training.gathering import Gathered
from fer_edge.training.layout import find_layout, is_of_class
from fer_edge.training.listing import Listing, RawFile, list_folder, list_zip
from fer_edge.training.synthetic import synthetic_dataset

SYNTHETIC = "synthetic"
"""The word that stands for faces that are drawn rather than read."""

KAGGLE_HANDLE = "jonathanoheix/face-expression-recognition-dataset"
DATA_ENV = "FER_EDGE_DATA"

_WAYS = (
    "no labelled faces were named. Give one of: --data FILE.zip (the Kaggle download as it is), --data FOLDER "
    f"(with train/ and validation/), --data fer2013.csv, --data synthetic; or set {DATA_ENV}; or install kagglehub "
    f"(pip install 'fer-edge[train]') and agree to its download of {KAGGLE_HANDLE}"
)


def load_dataset(data: str | None, *, seed: int = 0, allow_download: Callable[[str], bool] | None = None) -> Dataset:
    """Read labelled faces and check every image.

    Args:
        data: A zip, a folder, a fer2013.csv or the word `synthetic`; `None` looks at `$FER_EDGE_DATA` and
            then asks for Kaggle's copy.
        seed: Of the synthetic faces.
        allow_download: Asked with what would be downloaded; without it nothing is.

    Raises:
        DataError: If there is nothing to read, or it is not a set of labelled faces.
    """
    data = data or os.environ.get(DATA_ENV) or _kaggle_copy(allow_download)
    if data == SYNTHETIC:
        return check_splits(synthetic_dataset(seed=seed))
    path = typed_path(data)
    expected = "expected a zip, a folder, a fer2013.csv or synthetic"
    if not path.exists():
        missing = "a broken link" if path.is_symlink() else "no such file or folder"
        raise DataError(f"--data {data}: {missing}; {expected}")
    if path.is_dir():
        return check_splits(_read_folder(path))
    if not path.is_file():
        raise DataError(f"--data {data} is a pipe, socket or device; {expected}")
    if path.suffix.lower() == ".csv":
        return check_splits(read_fer2013_csv(path))
    return check_splits(_read_zip(path))


def _kaggle_copy(allow_download: Callable[[str], bool] | None) -> str:
    if allow_download is None or not allow_download(KAGGLE_HANDLE):
        raise DataError(_WAYS)
    try:
        import kagglehub
    except ImportError as error:
        raise MissingExtraError("downloading from Kaggle", "train", str(error)) from error
    try:
        return str(kagglehub.dataset_download(KAGGLE_HANDLE))
    except Exception as error:  # kagglehub raises its own, requests' and OS errors alike
        raise DataError(f"Kaggle's copy could not be downloaded ({error}); {_WAYS}") from error


def _read_folder(path: Path) -> Dataset:
    return _read_images(str(path), list_folder(path, is_of_class))


def _read_zip(path: Path) -> Dataset:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED_ZIP_ERRORS as error:
        raise DataError(
            f"--data {path}: expected a zip, a folder, a .csv or synthetic, got another file or a broken zip ({error})"
        ) from error
    with archive:
        return _read_images(str(path), list_zip(path, archive))


def _read_images(source: str, listing: Listing) -> Dataset:
    layout = find_layout(source, listing)
    gathered = Gathered()
    for file in listing.files:
        place = layout.place(file.path)
        if place is not None:
            _read_file(gathered, *place, file)
    for entry in listing.unreadable:
        place = layout.place_unreadable(entry.path)
        if place is not None:
            gathered.leave_out(*place, printable(str(entry.path)), Finding.UNREADABLE, entry.reason)
    layout.require_filled(listing, gathered.splits)
    return gathered.dataset(source, layout.notes(listing))


def _read_file(gathered: Gathered, split: SplitName, label: int, file: RawFile) -> None:
    name = printable(str(file.path))
    try:
        decoded = decode_face(file.read())
    except DAMAGED_ZIP_ERRORS as error:
        cause = (isinstance(error, OSError) and error.strerror) or printable(first_line(error))
        decoded = Rejected(Finding.UNREADABLE, f"cannot be read ({cause})")
    if isinstance(decoded, Rejected):
        gathered.leave_out(split, label, name, decoded.finding, decoded.reason)
    else:
        gathered.add(split, label, name, *decoded)
