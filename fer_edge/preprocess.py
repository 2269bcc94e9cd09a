"""Preprocessing of faces, from a frame and a box to a model's input, for training, calibration and runtime."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, degrees, sin

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray, crop_square
from fer_edge.picture_form import GRAY, PictureForm

Image = npt.NDArray[np.uint8]
"""uint8 (H, W) gray or (H, W, 3) in OpenCV's order: blue, green, red."""


@dataclass(frozen=True)
class CropSpec:
    """Position of the crop around a face, so that it lies in the crop as in the training images.

    Attributes:
        detector: Detector whose boxes the numbers are for.
        scale: Side of the square crop over the geometric mean of the box's sides.
        shift_y: Distance of the crop's centre below the box's, as a fraction of the crop's side.
        measured_on: Data that the numbers were measured on.
    """

    detector: str
    scale: float
    shift_y: float
    measured_on: str

    def __post_init__(self) -> None:
        if not 0.5 <= self.scale <= 4 or not -0.5 <= self.shift_y <= 0.5:
            raise ValueError(
                f"expected a crop scale in 0.5..4 and a shift in -0.5..0.5, got {self.scale}, {self.shift_y}"
            )


RGB_LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in `to_gray` (BT.601)."""

FER2013_CROP = CropSpec(
    detector="YuNet 2023mar",
    scale=1.0866,
    shift_y=-0.0105,
    measured_on=(
        "YuNet 2023mar boxes on 27,822 of 28,709 FER2013 training images, medians; quartiles of the scale 0.989 and "
        "1.192, of the shift -0.040 and +0.024"
    ),
)


def to_gray(image: Image) -> Image:
    """Return (H, W): `image` itself if it is gray, else its luma (BT.601, as OpenCV converts)."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def resize(image: Image, size_wh: tuple[int, int]) -> Image:
    """Resize by pixel area when shrinking, bilinearly when growing; an image of that size returns itself."""
    height, width = image.shape[:2]
    if (width, height) == size_wh:
        return image
    interpolation = cv2.INTER_AREA if width * height > size_wh[0] * size_wh[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size_wh, interpolation=interpolation), np.uint8)


def shrink(image: Image, longest_side: int) -> Image:
    """Resize so that the longer side is at most `longest_side`; an image that fits returns itself."""
    height, width = image.shape[:2]
    scale = min(longest_side / max(width, height), 1.0)
    return resize(image, (max(round(width * scale), 1), max(round(height * scale), 1)))


def encode_jpeg(image: Image, quality: int) -> bytes:
    """Return a picture, uint8 (H, W[, 3]) gray or BGR, as a JPEG file of a quality of 0..100."""
    _, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return content.tobytes()


def crop_face(
    frame: Image,
    box_xyxy: BoxArray,
    crop: CropSpec,
    size_wh: tuple[int, int],
    roll: float = 0.0,
    colour: str = GRAY,
) -> Image:
    """Crop one face from a frame as faces are framed in the training images.

    Args:
        frame: uint8 (H, W) or (H, W, 3) BGR.
        box_xyxy: float32 (4,), a detector's box in the frame's pixels.
        crop: Position of the crop around the box.
        size_wh: Width and height to return.
        roll: Clockwise rotation of the head, in radians, which is undone.
        colour: `gray` or `rgb`.

    Returns:
        uint8 (size_wh[1], size_wh[0]) gray, or (size_wh[1], size_wh[0], 3) RGB, 0..255. Where the square reaches
        beyond the frame, the frame's edge is repeated.
    """
    form = PictureForm(*size_wh, colour)
    square = crop_square(box_xyxy, crop.scale, crop.shift_y)
    if not roll:
        return resize(form.from_bgr(cut_square(frame, square)), size_wh)
    # Turned only after it is shrunk, which warpAffine would do without averaging.
    growth = abs(cos(roll)) + abs(sin(roll))
    centre, half = (square[:2] + square[2:]) / 2, (square[2:] - square[:2]) / 2
    sink = crop.shift_y * 2 * float(half[1])
    centre = centre + np.array([-sink * sin(roll), sink * (cos(roll) - 1)], np.float32)
    around = np.concatenate([centre - growth * half, centre + growth * half])
    width, height = (round(side * growth) for side in size_wh)
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees(roll), 1)
    turn[:, 2] = turn[:, 2] - np.array([width - size_wh[0], height - size_wh[1]]) / 2
    shrunk = resize(form.from_bgr(cut_square(frame, around)), (width, height))
    return np.asarray(cv2.warpAffine(shrunk, turn, size_wh, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def cut_square(frame: Image, square_xyxy: BoxArray) -> Image:
    """Return a part of a frame, unscaled; where it reaches beyond, the frame's edge is repeated.

    Args:
        frame: uint8 (H, W) or (H, W, 3) BGR.
        square_xyxy: float32 (4,), in the frame's pixels.

    Raises:
        ValueError: If the part does not meet the frame.
    """
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = (int(value) for value in np.rint(square_xyxy))
    x2, y2 = max(x2, x1 + 1), max(y2, y1 + 1)
    columns = np.clip([x1, x2], 0, width)
    rows = np.clip([y1, y2], 0, height)
    if columns[0] == columns[1] or rows[0] == rows[1]:
        raise ValueError(f"expected a box that meets the {width}x{height} frame, got {square_xyxy.tolist()}")
    face = frame[rows[0] : rows[1], columns[0] : columns[1]]
    edges = (int(rows[0]) - y1, y2 - int(rows[1]), int(columns[0]) - x1, x2 - int(columns[1]))
    return np.asarray(cv2.copyMakeBorder(face, *edges, cv2.BORDER_REPLICATE), np.uint8) if any(edges) else face
