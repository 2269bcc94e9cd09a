"""Changes that make a face harder to read, each in four steps: light, focus, size, pose, cover. No TensorFlow.

Every change is fixed, so that all models are shown the same pictures. Positions are those of FER2013's framing, in
which the eyes lie at 0.38 of the picture's height and the mouth at 0.77 (YuNet's medians on 388 validation images).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.picture_form import FER2013_FORM
from fer_edge.preprocess import Image, encode_jpeg, resize

_EYES, _MOUTH = 0.38, 0.77
"""Heights of the eyes and the mouth, as shares of the picture's height."""

_BARS = (0.1, 0.2, 0.3, 0.4)
"""Heights of the bars over eyes and mouth, as shares of the picture's height."""

_FACE_AXES = (0.38, 0.47)
"""Half axes of the ellipse that the face's skin lies in, as shares of the picture's width and height."""

_SOFT_EDGE = 0.06
"""Width of the ellipse's soft edge, as a share of the picture's side."""


@dataclass(frozen=True)
class Step:
    """One strength of a change.

    Attributes:
        name: Strength in words, such as `x0.25`.
        change: Returns a changed face, uint8 (H, W) gray or (H, W, 3), of the same size; the number counts the faces
            from 0.
    """

    name: str
    change: Callable[[Image, int], Image]


@dataclass(frozen=True)
class Axis:
    """One kind of change.

    Attributes:
        name: Name, such as `darker`.
        meaning: Meaning of its steps.
        steps: Steps, the mildest first.
    """

    name: str
    meaning: str
    steps: tuple[Step, ...]


def change_all(faces: npt.NDArray[np.uint8], step: Step) -> npt.NDArray[np.uint8]:
    """Return changed faces, uint8 of the same shape (N, H, W) or (N, H, W, 3)."""
    return np.stack([step.change(face, number) for number, face in enumerate(faces)])


def _gain(gain: float) -> Step:
    return Step(f"x{gain:g}", lambda face, _: _to_pixels(face * np.float32(gain)))


def _contrast(gain: float) -> Step:
    def change(face: Image, _: int) -> Image:
        mean = np.float32(face.mean())
        return _to_pixels((face - mean) * np.float32(gain) + mean)

    return Step(f"x{gain:g}", change)


def _blur(sigma: float) -> Step:
    def change(face: Image, _: int) -> Image:
        return np.asarray(cv2.GaussianBlur(face, (0, 0), sigma * face.shape[1] / FER2013_FORM.width), np.uint8)

    return Step(f"{sigma:g} px", change)


def _jpeg(quality: int) -> Step:
    def change(face: Image, _: int) -> Image:
        content = np.frombuffer(encode_jpeg(face, quality), np.uint8)
        return np.asarray(cv2.imdecode(content, cv2.IMREAD_UNCHANGED), np.uint8)

    return Step(f"quality {quality}", change)


def _side(pixels: int) -> Step:
    def change(face: Image, _: int) -> Image:
        return resize(resize(face, (pixels, pixels)), (face.shape[1], face.shape[0]))

    return Step(f"{pixels} px", change)


def _turn(degrees: int) -> Step:
    def change(face: Image, number: int) -> Image:
        height, width = face.shape[:2]
        turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees * (-1) ** number, 1)
        return np.asarray(cv2.warpAffine(face, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)

    return Step(f"{degrees}°", change)


def _cover(middle: float, share: float) -> Step:
    def change(face: Image, _: int) -> Image:
        height, covered = face.shape[0], np.array(face)
        top, bottom = (round(height * min(middle + part, 1.0)) for part in (-share / 2, share / 2))
        covered[top:bottom] = round(float(face.mean()))
        return covered

    return Step(f"{share:.0%}", change)


def _skin(gain: float) -> Step:
    def change(face: Image, _: int) -> Image:
        mask = _skin_mask(*face.shape[:2])
        return _to_pixels(face * (1 - (1 - np.float32(gain)) * (mask if face.ndim == 2 else mask[..., np.newaxis])))

    return Step(f"x{gain:g}", change)


def _skin_mask(height: int, width: int) -> npt.NDArray[np.float32]:
    """Return the share of skin in each pixel, float32 (height, width), 0..1: an ellipse with a soft edge."""
    mask = np.zeros((height, width), np.float32)
    axes = (round(_FACE_AXES[0] * width), round(_FACE_AXES[1] * height))
    cv2.ellipse(mask, (width // 2, height // 2), axes, 0, 0, 360, (1.0,), -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _SOFT_EDGE * width), np.float32)


def _to_pixels(values: npt.NDArray[np.float32]) -> Image:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


AXES: tuple[Axis, ...] = (
    Axis("darker", "gray levels times", tuple(map(_gain, (0.5, 0.25, 0.12, 0.06)))),
    Axis("brighter", "gray levels times, white clipped", tuple(map(_gain, (1.5, 2, 3, 4)))),
    Axis("low in contrast", "distances from the mean gray level times", tuple(map(_contrast, (0.5, 0.25, 0.12, 0.06)))),
    Axis("blurred", "Gaussian, sigma in pixels of a face of 48", tuple(map(_blur, (0.75, 1.5, 2.25, 3)))),
    Axis("compressed", "JPEG", tuple(map(_jpeg, (30, 15, 8, 4)))),
    Axis("smaller", "side of the face, then scaled up again", tuple(map(_side, (32, 24, 20, 16)))),
    Axis("turned", "roll to either side", tuple(map(_turn, (10, 20, 30, 45)))),
    Axis("eyes covered", "height of a bar over the eyes", tuple(_cover(_EYES, each) for each in _BARS)),
    Axis("mouth covered", "height of a bar over the mouth", tuple(_cover(_MOUTH, each) for each in _BARS)),
    Axis("skin darker", "gray levels within the face times", tuple(map(_skin, (0.8, 0.6, 0.45, 0.3)))),
)
"""Kinds of changes, in the order of the tables."""
