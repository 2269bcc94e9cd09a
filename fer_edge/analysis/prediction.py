"""Faces of many pictures: a result for each picture, its annotated copy and its face crops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_edge.analysis.faces import Face, Faces, write_picture
from fer_edge.analysis.named_files import NamedFile
from fer_edge.analysis.recognizer import Recognizer
from fer_edge.boxes import crop_square
from fer_edge.errors import InputError
from fer_edge.native_paths import real_path
from fer_edge.preprocess import FER2013_CROP, Image, cut_square
from fer_edge.runtime.sinks.json_form import expression_json

_FALLBACK_SUFFIX = ".png"
"""Format of copies of pictures in a format that OpenCV does not write, such as GIF."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Result of one picture.

    Attributes:
        picture: The picture.
        faces: Its faces; None if it cannot be read.
        error: Reason why it cannot be read; None if it can.
    """

    picture: NamedFile
    faces: Faces | None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it: `file`, and `faces` or `error`."""
        name = str(self.picture.path)
        if self.faces is None:
            return {"file": name, "error": self.error}
        height, width = self.faces.image.shape[:2]
        return {"file": name, "width": width, "height": height, "faces": [_face_json(face) for face in self.faces]}


@dataclass(frozen=True)
class CopyFolders:
    """Folders for the copies and crops of each picture; None for none.

    Attributes:
        annotated: Copies with boxes, labels and scores, of the pictures' size and format.
        crops: The faces, each as a square around it.
    """

    annotated: Path | None = None
    crops: Path | None = None

    def check(self, pictures: Iterable[NamedFile]) -> None:
        """Check that no copy would replace a picture or another copy.

        Raises:
            InputError: If one would.
        """
        if self.annotated is None:
            return
        sources = {real_path(picture.path) for picture in pictures}
        taken: dict[Path, Path] = {}
        for picture in pictures:
            target = _annotated_path(self.annotated, picture)
            if real_path(target) in sources:
                raise InputError(
                    f"{self.annotated}: the copy of {picture.path} would replace a picture; name another folder"
                )
            if taken.setdefault(target, picture.path) != picture.path:
                raise InputError(
                    f"{picture.path} and {taken[target]} would have the same copy {target}; name the folder above them"
                )

    def write(self, picture: NamedFile, faces: Faces) -> None:
        """Write the copy and the crops of one picture."""
        if self.annotated is not None:
            write_picture(_annotated_path(self.annotated, picture), faces.plot())
        if self.crops is not None:
            for number, face in enumerate(faces, 1):
                place = picture.place.with_name(f"{picture.place.stem}_{number}_{face.label}.png")
                write_picture(self.crops / place, _square(faces.image, face))


def predict(recognizer: Recognizer, pictures: Iterable[NamedFile], copies: CopyFolders) -> Iterator[Prediction]:
    """Yield the result of each picture, in order; one that cannot be read gets an error, and the next follow."""
    for picture in pictures:
        try:
            faces = recognizer(picture.path)
        except InputError as error:
            yield Prediction(picture, None, str(error).removeprefix(f"{picture.path}: "))
            continue
        copies.write(picture, faces)
        yield Prediction(picture, faces)


def _annotated_path(folder: Path, picture: NamedFile) -> Path:
    path = folder / picture.place
    # Of the suffix alone: OpenCV crashes on a name that is no UTF-8.
    is_written = path.suffix.isascii() and cv2.haveImageWriter(f"picture{path.suffix}")
    return path if is_written else path.with_name(path.name + _FALLBACK_SUFFIX)


def _square(image: Image, face: Face) -> Image:
    """Cut a face out as the shipped networks see it, in colour and unscaled; beyond the picture its edge repeats."""
    square = crop_square(np.array(face.box, np.float32), FER2013_CROP.scale, FER2013_CROP.shift_y)
    return cut_square(image, square)


def _face_json(face: Face) -> dict[str, Any]:
    return expression_json(face.box, face.confidence, face.label, face.score, face.scores)
