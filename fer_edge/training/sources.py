"""Where labelled faces are read from: a zip, a folder, fer2013.csv, synthetic faces, Kaggle. No TensorFlow."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError, MissingExtraError
from fer_edge.files import DAMAGED_ZIP_ERRORS
from fer_edge.labels import EXPRESSIONS
from fer_edge.native_logs import chatter_held_back
from fer_edge.preprocess import resize, to_gray
from fer_edge.training.data import FACE_SIZE, Dataset, Finding, SplitName, check_splits
from fer_edge.training.fer2013_csv import read_fer2013_csv
from fer_edge.training.gathering import Gathered
from fer_edge.training.image_header import declared_size
from fer_edge.training.synthetic import synthetic_dataset

SYNTHETIC = "synthetic"
"""The word that stands for faces that are drawn rather than read."""

KAGGLE_HANDLE = "jonathanoheix/face-expression-recognition-dataset"
DATA_ENV = "FER_EDGE_DATA"

MAX_IMAGE_BYTES = 4 * 2**20
"""A 48x48 JPEG has some 1,500 bytes, a phone's face crop perhaps a million."""
MAX_IMAGE_PIXELS = 50_000_000
"""More than a phone's camera takes; a PNG of a few kilobytes can claim thousands of times as many."""

MAX_ARCHIVE_BYTES = 8 * 2**30
MAX_ARCHIVE_FILES = 2_000_000

_SPLIT_FOLDERS = {
    "train": SplitName.TRAIN,
    "validation": SplitName.VALIDATION,
    "valid": SplitName.VALIDATION,
    "val": SplitName.VALIDATION,
    "test": SplitName.TEST,
}
_WAYS = (
    "no labelled faces were named. Give one of: --data FILE.zip (the Kaggle download as it is), --data FOLDER "
    f"(with train/ and validation/), --data fer2013.csv, --data synthetic; or set {DATA_ENV}; or install kagglehub "
    f"(pip install 'fer-edge[train]') and agree to its download of {KAGGLE_HANDLE}"
)


class _RawImage(NamedTuple):
    path: PurePosixPath
    read: Callable[[], bytes]


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
    path = Path(data).expanduser()
    if path.is_dir():
        return check_splits(_read_images(str(path), _folder_files(path)))
    if not path.is_file():
        raise DataError(f"--data {data}: no such file or folder; expected a zip, a folder, a fer2013.csv or synthetic")
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


def _folder_files(root: Path) -> Iterator[_RawImage]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            yield _RawImage(PurePosixPath(path.relative_to(root).as_posix()), path.read_bytes)


def _read_zip(path: Path) -> Dataset:
    try:
        archive = zipfile.ZipFile(path)
    except DAMAGED_ZIP_ERRORS as error:
        raise DataError(
            f"--data {path}: expected a zip, a folder, a .csv or synthetic, got another file or a broken zip ({error})"
        ) from error
    with archive:
        return _read_images(str(path), _zip_files(path, archive))


def _zip_files(path: Path, archive: zipfile.ZipFile) -> Iterator[_RawImage]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) > MAX_ARCHIVE_FILES or sum(info.file_size for info in members) > MAX_ARCHIVE_BYTES:
        raise DataError(f"{path} unpacks to more than {MAX_ARCHIVE_BYTES >> 30} GiB or {MAX_ARCHIVE_FILES} files")
    for info in sorted(members, key=lambda member: member.filename):
        name = PurePosixPath(info.filename)
        if name.is_absolute() or ".." in name.parts:
            raise DataError(f"{path} holds a member outside itself: {info.filename}")
        if info.flag_bits & 0x1:
            raise DataError(f"{path} is encrypted; unpack it and give the folder")
        yield _RawImage(name, _member_reader(archive, info))


def _member_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        with archive.open(info) as member:
            return member.read(MAX_IMAGE_BYTES + 1)

    return read


def _read_images(source: str, files: Iterator[_RawImage]) -> Dataset:
    listed = [file for file in files if not any(part.startswith((".", "__MACOSX")) for part in file.path.parts)]
    root, notes = _dataset_root(source, listed)
    gathered = Gathered()
    for file in listed:
        place = _place(source, root, file.path)
        if place is not None:
            gathered.add(*place, str(file.path), *_decode(_read_or_empty(file)))
    return gathered.dataset(source, notes)


def _dataset_root(source: str, files: list[_RawImage]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Find the folder that holds the split folders: the shallowest, as Kaggle's zip repeats itself deeper."""
    roots = {
        file.path.parts[:-3]
        for file in files
        if len(file.path.parts) >= 3 and file.path.parts[-3].lower() in _SPLIT_FOLDERS
    }
    if not roots:
        raise DataError(
            f"{source} has no train/<expression>/ and validation/<expression>/ folders, at its top or under images/"
        )
    root, *others = sorted(roots, key=lambda parts: (len(parts), parts))
    notes = tuple(f"left out {'/'.join(other)}: a second copy beside {'/'.join(root) or '.'}" for other in others)
    return root, notes


def _place(source: str, root: tuple[str, ...], path: PurePosixPath) -> tuple[SplitName, int] | None:
    parts = path.parts
    if len(parts) != len(root) + 3 or parts[:-3] != root or parts[-3].lower() not in _SPLIT_FOLDERS:
        return None
    expression = parts[-2].strip().lower()
    if expression not in EXPRESSIONS:
        near = get_close_matches(expression, EXPRESSIONS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise DataError(f"{source}: unknown class folder {path.parent}; the classes are {', '.join(EXPRESSIONS)}{hint}")
    return _SPLIT_FOLDERS[parts[-3].lower()], EXPRESSIONS.index(expression)


def _read_or_empty(file: _RawImage) -> bytes:
    try:
        return file.read()
    except DAMAGED_ZIP_ERRORS:
        return b""  # counted as "not an image" with its name


def _decode(content: bytes) -> tuple[npt.NDArray[np.uint8] | None, list[Finding]]:
    image = None
    width, height = declared_size(content) or (0, 0)
    if 0 < len(content) <= MAX_IMAGE_BYTES and width * height <= MAX_IMAGE_PIXELS:
        try:
            with chatter_held_back():
                image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYCOLOR)
        except cv2.error:
            image = None
    if image is None:
        return None, [Finding.NOT_AN_IMAGE]
    pixels, faults = np.asarray(image, np.uint8), []
    if pixels.ndim == 3:
        faults.append(Finding.COLOUR)
        pixels = to_gray(pixels)
    if pixels.shape != (FACE_SIZE, FACE_SIZE):
        faults.append(Finding.RESIZED)
        pixels = resize(pixels, (FACE_SIZE, FACE_SIZE))
    return pixels, faults
