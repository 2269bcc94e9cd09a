"""Places for titles and panels in a frame: inside it, beside their face, and over no other face or text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Area(NamedTuple):
    """Rectangle in a frame's pixels; the right and bottom edges are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top


class FreeSpace:
    """Frame whose faces, and all that was placed so far, must stay visible."""

    def __init__(self, size_wh: tuple[int, int], faces: Iterable[Area]) -> None:
        """Set the frame's size in pixels, and the areas of its faces."""
        self._width, self._height = size_wh
        self._taken = np.array(list(faces), np.int64).reshape(-1, 4)

    def copy(self) -> FreeSpace:
        """Return a space with the same areas taken."""
        space = FreeSpace((self._width, self._height), ())
        space._taken = self._taken
        return space

    def take_over_or_under(self, size_wh: tuple[int, int], face: Area) -> Area | None:
        """Reserve an area for a title of a face: above or below it, else at a side; None if none is free.

        Args:
            size_wh: Width and height in pixels.
            face: The face's box, which the area touches.
        """
        return self._take([*self._over_and_under(size_wh, face, 0), *self._at_sides(size_wh, face, 0)])

    def take_at_side(self, size_wh: tuple[int, int], face: Area, gap: int) -> Area | None:
        """Reserve an area for a panel of a face: right or left of it, else below or above; None if none is free.

        Args:
            size_wh: Width and height in pixels.
            face: The face's box.
            gap: Distance from it, in pixels.
        """
        return self._take([*self._at_sides(size_wh, face, gap), *self._over_and_under(size_wh, face, gap)])

    def _take(self, places: Iterable[Area]) -> Area | None:
        areas = np.array(list(places), np.int64)
        is_within = (areas[:, :2] >= 0).all(axis=1) & (areas[:, 2:] <= (self._width, self._height)).all(axis=1)
        free = np.flatnonzero(is_within & ~_overlap(areas, self._taken).any(axis=1))
        if not len(free):
            return None
        chosen = areas[free[0]]
        self._taken = np.vstack([self._taken, chosen])
        return Area(*chosen.tolist())

    def _over_and_under(self, size_wh: tuple[int, int], face: Area, gap: int) -> Iterator[Area]:
        """Yield areas above and below a face, shifted along its edge to be within the frame."""
        for top in (face.top - gap - size_wh[1], face.bottom + gap):
            for left in (face.left, face.right - size_wh[0]):
                yield _area(_within(left, self._width - size_wh[0]), top, size_wh)

    def _at_sides(self, size_wh: tuple[int, int], face: Area, gap: int) -> Iterator[Area]:
        """Yield areas right and left of a face, shifted along its edge to be within the frame."""
        for left in (face.right + gap, face.left - gap - size_wh[0]):
            for top in (face.top, face.bottom - size_wh[1]):
                yield _area(left, _within(top, self._height - size_wh[1]), size_wh)


def _area(left: int, top: int, size_wh: tuple[int, int]) -> Area:
    return Area(left, top, left + size_wh[0], top + size_wh[1])


def _within(wanted: int, most: int) -> int:
    return max(min(wanted, most), 0)


def _overlap(areas: npt.NDArray[np.int64], taken: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return whether areas, int64 (M, 4), share a pixel with others, (N, 4); bool (M, N)."""
    ours, theirs = areas[:, np.newaxis], taken[np.newaxis]
    return np.asarray(((theirs[..., :2] < ours[..., 2:]) & (theirs[..., 2:] > ours[..., :2])).all(axis=2))
