"""Pictures in class folders, with split folders or without, at their own size."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from fer_edge.dataset.class_choice import class_name
from fer_edge.dataset.class_folders import split_of
from fer_edge.dataset.data import FACE_SIZE, SplitName
from fer_edge.dataset.face_image import Rejected, decode_face
from fer_edge.dataset.listing import list_folder
from fer_edge.errors import DataError
from fer_edge.names import printable
from fer_edge.picture_form import FER2013_FORM
from fer_edge.preprocess import Image


@dataclass(frozen=True, eq=False)
class ClassPicture:
    """A picture in a class folder.

    Attributes:
        path: The file.
        place: Its path within the folder that was read.
        split: Split folder that it lies in; `None` without split folders.
        label: Name of its class, by its class folder.
        face: The picture as networks are shown it, uint8 (48, 48) gray.
        size_wh: Width and height of the file's picture, pixels.
    """

    path: Path
    place: PurePosixPath
    split: SplitName | None
    label: str
    face: Image
    size_wh: tuple[int, int]

    @property
    def within(self) -> tuple[str, ...]:
        """Parts of its path below the class folder."""
        return self.place.parts[1 if self.split is None else 2 :]

    def read(self) -> Image:
        """Return the picture at its own size, uint8 (H, W) gray."""
        return _read_gray(self.path)


@dataclass(frozen=True)
class ClassFolder:
    """Pictures of a folder.

    Attributes:
        path: The folder.
        pictures: Those that can be read, in the order of their places.
        unreadable: Sentences on those that cannot, and on files outside the class folders.
    """

    path: Path
    pictures: tuple[ClassPicture, ...]
    unreadable: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes, sorted."""
        return tuple(sorted({each.label for each in self.pictures}))

    @property
    def faces(self) -> Image:
        """Faces of all pictures, uint8 (N, 48, 48)."""
        return np.stack([each.face for each in self.pictures])

    def counts(self) -> Counter[tuple[str, SplitName | None]]:
        """Return the number of pictures of each class in each split."""
        return Counter((each.label, each.split) for each in self.pictures)


def read_class_folder(folder: Path) -> ClassFolder:
    """Read the pictures in `folder/CLASS/` or `folder/SPLIT/CLASS/`, at any depth below.

    Raises:
        DataError: If the folder cannot be read, or holds no picture in a class folder.
    """
    if not folder.is_dir():
        raise DataError(f"{printable(str(folder))}: expected a folder with a folder of pictures for each class")
    pictures, unreadable = [], []
    for file in list_folder(folder).files:
        place = _place(file.path)
        if place is None:
            unreadable.append(f"{printable(str(file.path))} lies in no class folder")
            continue
        try:
            decoded = decode_face(file.read())
        except OSError as error:
            unreadable.append(f"{printable(str(file.path))} cannot be read ({error.strerror})")
            continue
        if isinstance(decoded, Rejected):
            unreadable.append(f"{printable(str(file.path))} {decoded.reason}")
            continue
        path = folder / file.path
        pictures.append(ClassPicture(path, file.path, *place, decoded[0], _size(path, resized=len(decoded[1]) > 0)))
    if not pictures:
        found = f"; {unreadable[0]}" if unreadable else ""
        raise DataError(f"{printable(str(folder))}: expected pictures in a folder for each class, found none{found}")
    return ClassFolder(folder, tuple(pictures), tuple(unreadable))


def _place(path: PurePosixPath) -> tuple[SplitName | None, str] | None:
    """Return the split and the class of a file by its folders; `None` for a file in no class folder."""
    folders = path.parts[:-1]
    split = split_of(folders[0]) if folders else None
    rest = folders[1:] if split is not None else folders
    return (split, class_name(rest[0])) if rest else None


def _size(path: Path, *, resized: bool) -> tuple[int, int]:
    if not resized:
        return FACE_SIZE, FACE_SIZE
    height, width = _read_gray(path).shape
    return width, height


def _read_gray(path: Path) -> Image:
    # As `decode_face` reads it: OpenCV's own gray of a PFM file in colour has three channels.
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_ANYCOLOR)
    return FER2013_FORM.from_bgr(np.asarray(pixels, np.uint8))
