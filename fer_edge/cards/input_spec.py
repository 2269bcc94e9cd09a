"""Input of a classifier, and how its integer tensors are stored, as its card states them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.picture_form import FER2013_FORM, GRAY, RGB, PictureForm

RAW_RANGE = (0.0, 255.0)
"""Values of black and white of a model that takes pixels as they are."""
_LARGEST_SIDE = 4096
"""Pixels of a model's input."""


@dataclass(frozen=True)
class InputSpec:
    """Input of a model.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        colour: `gray`, or `rgb` for red, green and blue in this order.
        minimum: Value of black.
        maximum: Value of white.
        resize: Interpolation of crops: `area` is by area when shrinking, bilinear when growing.
    """

    width: int = FER2013_FORM.width
    height: int = FER2013_FORM.height
    colour: str = GRAY
    minimum: float = 0.0
    maximum: float = 255.0
    resize: str = "area"

    def __post_init__(self) -> None:
        if self.colour not in (GRAY, RGB) or self.resize != "area":
            raise ValueError(f"expected a gray or RGB input, resized by area, got {self.colour}, {self.resize}")
        if any(type(side) is not int or not 1 <= side <= _LARGEST_SIDE for side in self.size_wh):
            raise ValueError(f"expected an input of 1 to {_LARGEST_SIDE} pixels a side, got {self.width}x{self.height}")
        if not (math.isfinite(self.minimum) and math.isfinite(self.maximum) and self.minimum < self.maximum):
            raise ValueError(f"expected a value of black below that of white, got {self.minimum} and {self.maximum}")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.width, self.height

    @property
    def form(self) -> PictureForm:
        """Return size and colour."""
        return PictureForm(self.width, self.height, self.colour)

    @property
    def range(self) -> tuple[float, float]:
        """Return the values of black and white."""
        return self.minimum, self.maximum

    def scale(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Map pixels of any shape from 0..255 to `range`, float32; with that range, return `pixels` itself."""
        if self.range == RAW_RANGE:
            return pixels
        return np.asarray(pixels * np.float32((self.maximum - self.minimum) / 255) + np.float32(self.minimum))


@dataclass(frozen=True)
class TensorQuantization:
    """Quantization of an input or output tensor: real = scale * (stored - zero_point)."""

    dtype: str
    scale: float
    zero_point: int
