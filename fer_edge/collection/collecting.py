"""Collection of one person's faces from a camera, framed as the network expects them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path

import cv2
import numpy as np

from fer_edge.boxes import crop_square
from fer_edge.dataset.data import FACE_SIZE
from fer_edge.dataset.near_copies import near_copies
from fer_edge.errors import InputError
from fer_edge.files import write_atomic
from fer_edge.picture_form import RGB
from fer_edge.preprocess import CropSpec, Image, crop_face, resize, to_gray
from fer_edge.runtime.faces.detector import Face
from fer_edge.runtime.sources.source import Frame

LARGEST_SIDE = 256
"""Largest side of a picture, pixels; larger faces are scaled down."""

_COMPARED = 20
"""Number of recent pictures of which a new one must be no near-copy."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


class Skipped(str, Enum):
    """Reason why a frame gives no picture."""

    NO_FACE = "no face is seen"
    SEVERAL = "several faces are seen: only yours should be"
    SMALL = "the face is too small: come closer"
    SAME = "it looks like an earlier picture: move your head, change the light or the expression a little"


@dataclass
class Collected:
    """Pictures collected so far, and frames without one.

    Attributes:
        files: Pictures that were written.
        skipped: Number of frames without a picture, by reason.
        last: Reason why the last frame gave none; `None` if it gave one.
    """

    files: list[Path] = field(default_factory=list)
    skipped: Counter[Skipped] = field(default_factory=Counter)
    last: Skipped | None = None


def collect(
    frames: Iterable[Frame],
    detect: Callable[[Image], list[Face]],
    folder: Path,
    *,
    person: str,
    crop: CropSpec,
    count: int,
    every_s: float,
) -> Iterator[Collected]:
    """Write pictures of the only face in view, `every_s` apart, until there are enough or the frames end.

    Yields what has been collected, the same object each time, after each frame that was looked at.

    Args:
        frames: Frames of a camera or recording.
        detect: Detects faces, such as `FaceDetector().detect`.
        folder: Folder of the class.
        person: Name of the person; files are called `PERSON_DATE-TIME_NUMBER.png`.
        crop: Framing that the network expects.
        count: Number of pictures to write.
        every_s: Least time between two pictures, seconds of the frames' own clock.

    Raises:
        InputError: If the person's name cannot be part of a file's name.
    """
    if not _NAME.fullmatch(person):
        raise InputError(f"person {person!r}: expected letters, digits and hyphens, as it becomes part of files' names")
    found, due, recent = Collected(), -np.inf, list[Image]()
    for frame in frames:
        if frame.moment < due:
            continue
        face = _only_face(detect(frame.image))
        picture = face if isinstance(face, Skipped) else _unlike(frame_face(frame.image, face, crop), recent)
        if isinstance(picture, Skipped):
            found.skipped[picture] += 1
            found.last = picture
        else:
            found.files.append(_write(picture, folder, person))
            found.last, due = None, frame.moment + every_s
        yield found
        if len(found.files) >= count:
            return


def frame_face(frame: Image, face: Face, crop: CropSpec) -> Image:
    """Cut a face out of a frame as a network is shown it, upright, but large and in colour: uint8 (S, S, 3) BGR."""
    x1, _, x2, _ = crop_square(face.box_xyxy, crop.scale, crop.shift_y).tolist()
    side = min(max(round(x2 - x1), 1), LARGEST_SIDE)
    picture = crop_face(frame, face.box_xyxy, crop, (side, side), face.roll, colour=RGB)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), np.uint8)


def _only_face(faces: list[Face]) -> Face | Skipped:
    if len(faces) != 1:
        return Skipped.SEVERAL if faces else Skipped.NO_FACE
    x1, y1, x2, y2 = faces[0].box_xyxy.tolist()
    return Skipped.SMALL if min(x2 - x1, y2 - y1) < FACE_SIZE else faces[0]


def _unlike(picture: Image, recent: list[Image]) -> Image | Skipped:
    """Return the picture and remember it, unless it is a near-copy of a recent one."""
    face = resize(to_gray(picture), (FACE_SIZE, FACE_SIZE))
    pairs = near_copies(np.stack([*recent, face]))
    if (pairs == len(recent)).any():
        return Skipped.SAME
    recent.append(face)
    del recent[:-_COMPARED]
    return picture


def _write(picture: Image, folder: Path, person: str) -> Path:
    moment = f"{datetime.now():%Y%m%d-%H%M%S}"
    number = 1
    while (path := folder / f"{person}_{moment}_{number:02}.png").exists():
        number += 1
    _, content = cv2.imencode(".png", picture)
    write_atomic(path, content.tobytes())
    return path
