"""Places for the numbers of discs in a crowded chart: beside their discs, and over none other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

HEIGHT = 12.0
"""Height of a number, in the chart's units."""
_DIGIT = 7.0
_DIRECTIONS = 12
_STEP = 7.0
_RINGS = 40


class NumberPlace(NamedTuple):
    """Centre of a disc's number, and whether it is so far from the disc that a line must join them."""

    x: float
    y: float
    is_far: bool


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


def place_numbers(
    centres: Sequence[tuple[float, float]], radii: Sequence[float], area: tuple[float, float, float, float]
) -> list[NumberPlace]:
    """Return a place for each disc's number, 1 to N, at the nearest point where it covers no number and no centre.

    Args:
        centres: x and y of the discs' centres.
        radii: The discs' radii.
        area: Left, top, right and bottom within which numbers must be.
    """
    taken = [_Box(x - 3, y - 3, x + 3, y + 3) for x, y in centres]
    placed = []
    for number, (centre, radius) in enumerate(zip(centres, radii, strict=True), 1):
        width = _DIGIT * len(str(number)) + 2
        free = (
            (place, box)
            for place in _around(centre, radius)
            if _is_within(box := _box(place, width), area) and not any(_overlaps(box, other) for other in taken)
        )
        place, box = next(free, (NumberPlace(*centre, is_far=False), _box(NumberPlace(*centre, is_far=False), width)))
        taken.append(box)
        placed.append(place)
    return placed


def _around(centre: tuple[float, float], radius: float) -> Iterator[NumberPlace]:
    """Yield places on rings around a disc, from the nearest ring on, each from the right upwards."""
    for ring in range(_RINGS):
        distance = radius + HEIGHT * 0.75 + ring * _STEP
        for step in range(_DIRECTIONS):
            angle = 2 * math.pi * step / _DIRECTIONS
            x, y = centre[0] + distance * math.cos(angle), centre[1] - distance * math.sin(angle)
            yield NumberPlace(x, y, is_far=ring > 0)


def _box(place: NumberPlace, width: float) -> _Box:
    return _Box(place.x - width / 2, place.y - HEIGHT / 2, place.x + width / 2, place.y + HEIGHT / 2)


def _is_within(box: _Box, area: tuple[float, float, float, float]) -> bool:
    return box.left >= area[0] and box.top >= area[1] and box.right <= area[2] and box.bottom <= area[3]


def _overlaps(one: _Box, other: _Box) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom
