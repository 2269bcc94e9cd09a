"""Turn and mirror frames: of cameras mounted upside down, on their side or at a mirror, and of videos stored so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum
from pathlib import Path

import cv2
import numpy as np

from fer_edge.pictures import iso_media, matroska
from fer_edge.pictures.upright import UNTURNED, Turn
from fer_edge.runtime.sources.source import Frame

TURNS = {
    0: None,
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
"""OpenCV's code for each turn, by degrees clockwise."""


class Flip(str, Enum):
    """Ways to mirror a frame."""

    NONE = "none"
    HORIZONTAL = "horizontal"
    VERTICAL = "vertical"


_FLIP_CODES = {Flip.HORIZONTAL: 1, Flip.VERTICAL: 0}


def oriented(frames: Iterable[Frame], rotate: int = 0, flip: Flip = Flip.NONE) -> Iterator[Frame]:
    """Turn each frame by `rotate` degrees clockwise, one of `TURNS`, and then mirror it."""
    turn = TURNS[rotate]
    for frame in frames:
        image = frame.image
        if turn is not None:
            image = np.asarray(cv2.rotate(image, turn), np.uint8)
        if flip is not Flip.NONE:
            image = np.asarray(cv2.flip(image, _FLIP_CODES[flip]), np.uint8)
        yield replace(frame, image=image)


def take_over_turn(capture: cv2.VideoCapture, path: Path | str) -> tuple[Turn, str | None]:
    """Return the turn that the frames of a video still need, and a note, which is to follow its name, or `None`.

    OpenCV turns a mirrored video upside down. So the turn is read here from MP4, QuickTime, Matroska and WebM files,
    and switched off in OpenCV. AVI files do not store a turn. Addresses and pipes are left to OpenCV.
    """
    turn = _stored_turn(path)
    if not turn.is_right_angled:
        return UNTURNED, "is stored at an angle that is no multiple of 90 degrees; it is shown as stored"
    if turn == UNTURNED or not capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0):
        return UNTURNED, None
    return turn, None


def _stored_turn(path: Path | str) -> Turn:
    if isinstance(path, str) or not path.is_file():  # bytes read from a pipe would be missing in the video
        return UNTURNED
    try:
        with path.open("rb") as file:
            head = file.read(12)
            if iso_media.is_iso_media(head):
                return iso_media.film_turn(file)
            return matroska.film_turn(file) if matroska.is_matroska(head) else UNTURNED
    except OSError:  # removed since the capture opened it
        return UNTURNED
