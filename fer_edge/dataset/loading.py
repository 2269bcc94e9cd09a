"""Loading of labelled faces: from a zip, a folder, fer2013.csv, Kaggle, or synthetic. No TensorFlow."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fer_edge.dataset.checking import check_splits
from fer_edge.dataset.choosing import choose_classes
from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice
from fer_edge.dataset.conversion import in_form
from fer_edge.dataset.data import Dataset, ImageFault, SplitName
from fer_edge.dataset.face_image import Rejected, decode_face
from fer_edge.dataset.fer2013_csv import read_fer2013_csv
from fer_edge.dataset.gathering import Gathered
from fer_edge.dataset.holding_out import hold_out_validation
from fer_edge.dataset.layout import find_layout, is_of_class
from fer_edge.dataset.listing import Listing, RawFile, list_folder, list_zip
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.errors import DataError, MissingExtraError, extra_advice, first_line
from fer_edge.files import DAMAGED_ZIP_ERRORS
from fer_edge.names import printable
from fer_edge.native_paths import typed_path
from fer_edge.picture_form import FER2013_FORM, PictureForm

SYNTHETIC = "synthetic"
"""Word that selects synthetic faces."""

KAGGLE_HANDLE = "jonathanoheix/face-expression-recognition-dataset"
DATA_ENV = "FER_EDGE_DATA"

_WAYS = (
    "no labelled faces were named. Give one of: FILE.zip (the Kaggle download as it is), a FOLDER with train/ and "
    f"validation/, fer2013.csv, the word {SYNTHETIC}; or set {DATA_ENV}; or install kagglehub "
    f"({extra_advice('train')}) and consent to the download of {KAGGLE_HANDLE}"
)


def load_dataset(
    data: str | None,
    *,
    seed: int = 0,
    choice: ClassChoice = ALL_CLASSES,
    form: PictureForm = FER2013_FORM,
    allow_download: Callable[[str], bool] | None = None,
) -> Dataset:
    """Read labelled faces and check every image.

    Args:
        data: A zip, a folder, a fer2013.csv or the word `synthetic`. None takes `$FER_EDGE_DATA`, or Kaggle's copy.
        seed: Seed of synthetic faces.
        choice: Classes to join, leave out or pick.
        form: Size and colour that images are converted to.
        allow_download: Called with the name of a data set to download; returns consent. None forbids downloads.

    Raises:
        DataError: If there are no labelled faces, they cannot be read, or they lack a chosen class.
        MissingExtraError: If a download is allowed and kagglehub is not installed.
    """
    data = data or os.environ.get(DATA_ENV) or _kaggle_copy(allow_download)
    return check_splits(choose_classes(_read(data, seed, choice, form), choice))


def _read(data: str, seed: int, choice: ClassChoice, form: PictureForm) -> Dataset:
    if data == SYNTHETIC:
        return in_form(synthetic_dataset(seed=seed), form)
    path = typed_path(data)
    expected = "expected labelled faces: a zip, a folder, a fer2013.csv or the word synthetic"
    if not path.exists():
        missing = "a broken link" if path.is_symlink() else "no such file or folder"
        raise DataError(f"{data}: {missing}; {expected}")
    if path.is_dir():
        return _read_images(str(path), list_folder(path, is_of_class), choice, form)
    if not path.is_file():
        raise DataError(f"{data} is a pipe, socket or device; {expected}")
    if path.suffix.lower() == ".csv":
        return in_form(read_fer2013_csv(path), form)
    return _read_zip(path, choice, form)


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


def _read_zip(path: Path, choice: ClassChoice, form: PictureForm) -> Dataset:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED_ZIP_ERRORS as error:
        raise DataError(
            f"{path}: expected labelled faces (a zip, a folder or a .csv), got another file or a broken zip ({error})"
        ) from error
    with archive:
        return _read_images(str(path), list_zip(path, archive), choice, form)


def _read_images(source: str, listing: Listing, choice: ClassChoice, form: PictureForm) -> Dataset:
    layout = find_layout(source, listing, choice)
    gathered = Gathered(layout.classes)
    for file in listing.files:
        place = layout.place(file.path)
        if place is not None:
            _read_file(gathered, *place, file, form)
    for entry in listing.unreadable:
        place = layout.place_unreadable(entry.path)
        if place is not None:
            gathered.leave_out(*place, printable(str(entry.path)), ImageFault.UNREADABLE, entry.reason)
    layout.require_filled(listing, gathered.splits)
    dataset = replace(gathered.dataset(source, layout.notes(listing)), sources=layout.sources(listing))
    return dataset if layout.has_splits else hold_out_validation(dataset)


def _read_file(gathered: Gathered, split: SplitName, label: int, file: RawFile, form: PictureForm) -> None:
    name = printable(str(file.path))
    try:
        decoded = decode_face(file.read(), form)
    except DAMAGED_ZIP_ERRORS as error:
        cause = (isinstance(error, OSError) and error.strerror) or printable(first_line(error))
        decoded = Rejected(ImageFault.UNREADABLE, f"cannot be read ({cause})")
    if isinstance(decoded, Rejected):
        gathered.leave_out(split, label, name, decoded.finding, decoded.reason)
    else:
        gathered.add(split, label, name, *decoded)
