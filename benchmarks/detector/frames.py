"""Frames for the face detector: photographs with faces pasted into them, and cuts of photographs without a face."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

from benchmarks.stream.scenes import SIZE_WH, anywhere, paste
from fer_edge.models import PORTRAIT_FILE
from fer_edge.preprocess import Image, resize

_PHOTOGRAPHS = (
    "brick", "camera", "cell", "chelsea", "coffee", "coins", "grass", "gravel", "horse", "hubble_deep_field",
    "immunohistochemistry", "microaneurysms", "moon", "page", "retina", "rocket", "text",
)  # fmt: skip
"""Scikit-image's without a face seen from the front."""

_MOST_FACES = (1, 4, 12, 4, 1, 4, 12, 0)
_LEAST_CUT = 0.15
"""Least width of a cut, as a share of its photograph's."""


def photographs() -> list[Image]:
    """Return the photographs, uint8 (H, W, 3) BGR: scikit-image's, and both halves of its stereo pair."""
    pictures = [np.asarray(getattr(skimage.data, name)()) for name in _PHOTOGRAPHS]
    pictures += _stereo_pair()
    return [_as_bgr(one) for one in pictures]


def portrait() -> Image:
    """Return the demo's portrait, uint8 (420, 420, 3) BGR."""
    return np.asarray(cv2.imread(str(PORTRAIT_FILE)), np.uint8)


def cut(pictures: list[Image], rng: np.random.Generator) -> Image:
    """Return a part of a photograph, enlarged or shrunk to uint8 (480, 640, 3)."""
    picture = pictures[rng.integers(len(pictures))]
    height, width = picture.shape[:2]
    widest = min(width, height * SIZE_WH[0] / SIZE_WH[1])
    part = max(int(widest * rng.uniform(_LEAST_CUT, 1)), 8)
    rows = max(part * SIZE_WH[1] // SIZE_WH[0], 6)
    left, top = rng.integers(width - part + 1), rng.integers(height - rows + 1)
    return resize(np.ascontiguousarray(picture[top : top + rows, left : left + part]), SIZE_WH)


def with_faces(background: Image, faces: npt.NDArray[np.uint8], rng: np.random.Generator, most: int) -> Image:
    """Paste up to `most` faces, or the portrait, of 30 to 400 pixels and turned by up to 35 degrees.

    Args:
        background: uint8 (480, 640, 3).
        faces: uint8 (N, H, H), gray, to draw from.
        rng: Random generator.
        most: Largest number of faces.
    """
    count = int(rng.integers(1, most + 1))
    frame = background
    for _ in range(count):
        side = int(np.exp(rng.uniform(np.log(30), np.log(400 / np.sqrt(count)))))
        face = np.asarray(cv2.cvtColor(faces[rng.integers(len(faces))], cv2.COLOR_GRAY2BGR), np.uint8)
        if rng.random() < 0.2:
            face, side = portrait(), min(3 * side, 470)
        frame = paste(face, frame, anywhere(side, float(rng.uniform(0, 35)), rng))
    return frame


def mixed_frames(faces: npt.NDArray[np.uint8], count: int, seed: int) -> Iterator[Image]:
    """Yield frames with one face, with up to four or up to twelve, and one in eight without."""
    rng, pictures = np.random.default_rng(seed), photographs()
    for number in range(count):
        background, most = cut(pictures, rng), _MOST_FACES[number % len(_MOST_FACES)]
        yield with_faces(background, faces, rng, most) if most else background


def faceless_frames(count: int, seed: int) -> Iterator[Image]:
    """Yield cuts of the photographs."""
    rng, pictures = np.random.default_rng(seed), photographs()
    return (cut(pictures, rng) for _ in range(count))


def padded(frame: Image, longer_side: int) -> Image:
    """Return a frame scaled to `longer_side`, with black to the right and below up to multiples of 32."""
    height, width = frame.shape[:2]
    scale = longer_side / max(width, height)
    scaled = resize(frame, (round(width * scale), round(height * scale)))
    below, right = (-side % 32 for side in scaled.shape[:2])
    return np.pad(scaled, ((0, below), (0, right), (0, 0)))


def _stereo_pair() -> list[npt.NDArray[np.generic]]:
    left, right, _ = skimage.data.stereo_motorcycle()  # type: ignore[no-untyped-call]
    return [np.asarray(left), np.asarray(right)]


def _as_bgr(picture: npt.NDArray[np.generic]) -> Image:
    pixels = picture.astype(np.uint8) * 255 if picture.dtype == bool else np.asarray(picture, np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR if pixels.ndim == 2 else cv2.COLOR_RGB2BGR), np.uint8)
