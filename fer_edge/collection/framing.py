"""Place of a detector's box in pictures of faces, which says how a camera's frames are to be cropped to look alike.

YuNet runs on every picture; the inverse of its box's place is the area around a box that the runtime crops.

The faces fill their 48x48 pixels, and a detector needs room around a face: each image is enlarged to 192x192 and framed
to 320x320, the detector's usual size, with its mean gray. The frame matters, as cropping known squares from five
portraits and measuring them again shows (true scale 1.10, shift 0): mean gray gives 1.12, +0.02; repeated edge pixels
1.17, +0.04; mirrored pixels 1.11, +0.04; no frame 1.14, 0.00, but 1.29 for 1.30 and 1.07 for 1.00, since a box without
room is drawn to the image's edge. From 1.0 to 1.3, mean gray is off by at most 0.02 in scale and shift; on 88 loosely
framed training images by 0.03 and 0.02, the shift in the other direction. This is not corrected, as the images' own
spread is ten times as large.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces.detector import Face

ENLARGED_SIDE = 192
FRAME_SIDE = 320

Place = tuple[float, float]
"""Side of an image in geometric means of the box's sides, and the distance from the box's centre down to the image's,
in sides of the image."""


@dataclass(frozen=True)
class CropMeasurement:
    """Place of the training images' square around the detector's box of the same face.

    Attributes:
        images: Number of images.
        found: Number of images in which the detector found a face.
        scale_quartiles: Quartiles of the image's side divided by the geometric mean of the box's sides.
        shift_y_quartiles: Quartiles of the distance from the box's centre down to the image's, in sides of the image.
    """

    images: int
    found: int
    scale_quartiles: tuple[float, float, float]
    shift_y_quartiles: tuple[float, float, float]


def summarize_places(seen: Sequence[Place | None]) -> CropMeasurement:
    """Summarize the places of boxes in images, as `place_in_image` gives them.

    Raises:
        ValueError: If no image has a face.
    """
    places = np.array([place for place in seen if place is not None], np.float64)
    if not len(places):
        raise ValueError(f"expected faces, found none in {len(seen)} images")
    scale, shift_y = (_quartiles(column) for column in places.T)
    return CropMeasurement(len(seen), len(places), scale, shift_y)


def place_in_image(image: Image, detect: Callable[[Image], list[Face]]) -> Place | None:
    """Return the place in one image, uint8 (H, H) gray; `None` without a face."""
    faces = detect(_give_room(image))
    if not faces:
        return None
    border = (FRAME_SIDE - ENLARGED_SIDE) / 2
    x1, y1, x2, y2 = ((faces[0].box_xyxy.astype(np.float64) - border) / ENLARGED_SIDE).tolist()
    return 1 / float(np.sqrt((x2 - x1) * (y2 - y1))), 0.5 - (y1 + y2) / 2


def _give_room(image: Image) -> Image:
    enlarged = resize(image, (ENLARGED_SIDE, ENLARGED_SIDE))
    border = (FRAME_SIDE - ENLARGED_SIDE) // 2
    framed = cv2.copyMakeBorder(enlarged, *(border,) * 4, cv2.BORDER_CONSTANT, value=(float(image.mean()),))
    return np.asarray(framed, np.uint8)


def _quartiles(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    low, middle, high = np.percentile(values, [25, 50, 75]).tolist()
    return low, middle, high
