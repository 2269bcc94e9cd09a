"""Colours of the labels, the same in annotated frames and on every page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.runtime.results import UNCERTAIN

Colour = tuple[int, int, int]
"""Blue, green, red, 0..255."""

GRAY: Colour = (150, 150, 150)
"""Colour of `UNCERTAIN`."""

# Okabe and Ito's colours, which colour-blind people can tell apart.
_COLOURS: tuple[Colour, ...] = (
    (0, 94, 213),
    (115, 158, 0),
    (167, 121, 204),
    (66, 228, 240),
    (190, 190, 190),
    (178, 114, 0),
    (0, 159, 230),
    (233, 180, 86),
)
_MOST = 100
"""Labels with colours of their own; from the 101st on, colours repeat."""

_LIGHTNESS = (30, 90)
"""CIELAB lightness, 0..100, of colours that are visible on a dark picture and on a white page."""


def label_colours(labels: Sequence[str]) -> dict[str, Colour]:
    """Return a colour for each label, and that of `UNCERTAIN`."""
    colours = _COLOURS if len(labels) <= len(_COLOURS) else _distinct_colours()  # which take a Pi a moment
    return {**{label: colours[i % _MOST] for i, label in enumerate(labels)}, UNCERTAIN: GRAY}


def css_colour(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    blue, green, red = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


@cache
def _distinct_colours() -> tuple[Colour, ...]:
    """Return `_MOST` colours: `_COLOURS`, then always the one of a cube of 216 that is farthest from all before it."""
    side = range(0, 256, 51)
    cube = list(product(side, side, side))
    chosen, places = [GRAY, *_COLOURS], _lab(cube)
    nearest = np.linalg.norm(places[:, None] - _lab(chosen), axis=2).min(axis=1)
    nearest[(places[:, 0] < _LIGHTNESS[0]) | (places[:, 0] > _LIGHTNESS[1])] = 0
    while len(chosen) <= _MOST:
        index = int(nearest.argmax())
        chosen.append(cube[index])
        nearest = np.minimum(nearest, np.linalg.norm(places - places[index], axis=1))
    return tuple(chosen[1:])


def _lab(colours: Sequence[Colour]) -> npt.NDArray[np.float32]:
    """Return colours, N of them, in CIELAB, whose distances are those that people see: float32 (N, 3)."""
    shares = np.array([colours], np.float32) / 255
    return np.asarray(cv2.cvtColor(shares, cv2.COLOR_BGR2Lab)[0], np.float32)
