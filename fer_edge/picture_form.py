"""Size and colour of the faces that a network takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

GRAY, RGB = "gray", "rgb"
SMALLEST_SIDE, LARGEST_SIDE = 16, 512
"""Pixels of a face that a network is trained on; the networks halve them three times."""

_CHANNELS = {GRAY: 1, RGB: 3}


@dataclass(frozen=True)
class PictureForm:
    """Size and colour of a face.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        colour: `gray`, or `rgb` for red, green and blue in this order.
    """

    width: int = 48
    height: int = 48
    colour: str = GRAY

    def __post_init__(self) -> None:
        if self.colour not in _CHANNELS:
            raise ValueError(f"expected {' or '.join(_CHANNELS)} pictures, got {self.colour}")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height

    @property
    def channels(self) -> int:
        """Number of channels, 1 or 3."""
        return _CHANNELS[self.colour]

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image's array: (H, W) if gray, else (H, W, 3)."""
        return (self.height, self.width) if self.colour == GRAY else (self.height, self.width, 3)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape of a network's input without the batch: (H, W, channels)."""
        return self.height, self.width, self.channels

    def __str__(self) -> str:
        return f"{self.width}x{self.height} {'gray' if self.colour == GRAY else 'RGB'}"

    @staticmethod
    def of_images(images: npt.NDArray[np.uint8]) -> PictureForm:
        """Return the form of images (N, H, W) or (N, H, W, 3)."""
        return PictureForm(images.shape[2], images.shape[1], GRAY if images.ndim == 3 else RGB)

    def from_bgr(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Convert the colours of an image, uint8 (H, W) gray or (H, W, 3) BGR, to this form's; its size stays."""
        if self.colour == GRAY:
            return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        code = cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(image, code), np.uint8)


FER2013_FORM = PictureForm()
"""Form of FER2013's faces, 48x48 gray, and of the shipped networks' inputs."""


def parse_form(text: str) -> PictureForm:
    """Read a size such as `64x64`, which is gray, or `96x96x3`, which is RGB; square, as faces are cut out.

    Raises:
        ValueError: If the text is something else, or a side is out of bounds.
    """
    match = re.fullmatch(r"(\d{1,4})x(\d{1,4})(?:x([13]))?", text.strip().lower())
    sides = (int(match[1]), int(match[2])) if match else (0, 0)
    if match is None or sides[0] != sides[1] or not SMALLEST_SIDE <= sides[0] <= LARGEST_SIDE:
        raise ValueError(
            f"expected a square of {SMALLEST_SIDE} to {LARGEST_SIDE} pixels a side such as 64x64 (gray) or 96x96x3 "
            f"(RGB), got {text!r}"
        )
    return PictureForm(*sides, RGB if match[3] == "3" else GRAY)


def size_text(form: PictureForm) -> str:
    """Return the size such that `parse_form` reads this form from it."""
    return f"{form.width}x{form.height}" + ("x3" if form.colour == RGB else "")
