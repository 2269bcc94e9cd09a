"""Frames made of labelled faces and photographs, so that what is in them is known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

from fer_edge.preprocess import Image, resize

SIZE_WH = (640, 480)
_PHOTOGRAPHS = ("coffee", "rocket", "chelsea", "brick", "grass", "camera")
"""Scikit-image's that show nobody's face from the front."""


@dataclass(frozen=True, eq=False)
class Placement:
    """How a face lies in a frame.

    Attributes:
        centre: Its x and y in pixels.
        side: Of its square, in pixels.
        turn: Clockwise, in degrees.
    """

    centre: tuple[float, float]
    side: int
    turn: float = 0.0


def photographs() -> list[Image]:
    """The backgrounds, gray uint8 (480, 640)."""
    pictures = [np.asarray(getattr(skimage.data, name)(), np.uint8) for name in _PHOTOGRAPHS]
    gray = [one if one.ndim == 2 else cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in pictures]
    return [resize(np.asarray(one, np.uint8), SIZE_WH) for one in gray]


def place(face: Image, background: Image, placement: Placement) -> Image:
    """Paste a face, gray and square, into a photograph; returns uint8 (480, 640, 3)."""
    return np.asarray(cv2.cvtColor(paste(face, background, placement), cv2.COLOR_GRAY2BGR), np.uint8)


def paste(face: Image, background: Image, placement: Placement) -> Image:
    """Return a copy of a background with a square face in it, both gray or both BGR."""
    height = face.shape[0]
    matrix = cv2.getRotationMatrix2D(((height - 1) / 2, (height - 1) / 2), -placement.turn, placement.side / height)
    matrix[:, 2] = matrix[:, 2] + np.array(placement.centre) - (height - 1) / 2
    frame: Image = background.copy()
    size_wh = frame.shape[1], frame.shape[0]
    cv2.warpAffine(face, matrix, size_wh, frame, cv2.INTER_CUBIC, cv2.BORDER_TRANSPARENT)
    return frame


def anywhere(side: int, turn: float, rng: np.random.Generator) -> Placement:
    """A place within the frame for a face of that size and turn to either side."""
    reach = side / 2 * (abs(np.cos(np.deg2rad(turn))) + abs(np.sin(np.deg2rad(turn))))
    centre = [float(rng.uniform(reach, length - reach)) if length > 2 * reach else length / 2 for length in SIZE_WH]
    return Placement((centre[0], centre[1]), side, turn * float(rng.choice([-1, 1])))


def as_a_camera_sees(frame: Image, rng: np.random.Generator) -> Image:
    """The same frame with a sensor's noise, a standard deviation of 5, and 2 % of flicker."""
    noise = 5 * rng.standard_normal((*frame.shape[:2], 1), np.float32)
    seen: npt.NDArray[np.float32] = frame * np.float32(rng.normal(1, 0.02)) + noise
    return np.clip(seen, 0, 255).astype(np.uint8)
