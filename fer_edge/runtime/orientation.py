"""Frames of a camera that hangs upside down, stands on its side or looks into a mirror."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import Enum

import cv2
import numpy as np

from fer_edge.runtime.frames import Frame

TURNS = {
    0: None,
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}
"""OpenCV's name for a turn by so many degrees clockwise."""


class Flip(str, Enum):
    """A mirroring."""

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
