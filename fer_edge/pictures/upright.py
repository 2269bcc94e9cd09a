"""Turns of stored pictures and films, and bringing them upright."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from fer_edge.preprocess import Image

_SLACK = 0.01
"""Share of a matrix's largest entry below which another counts as 0: some writers compute them with sines."""


class Turn(NamedTuple):
    """Matrix from a pixel's stored to its shown position: x = a * column + c * row, y = b * column + d * row.

    Each entry is -1, 0 or 1 for turns by a multiple of 90 degrees, mirrored or not. Positions are up to a shift, which
    keeps the picture in its frame. The letters are those of the MP4 and QuickTime formats.
    """

    a: float
    b: float
    c: float
    d: float

    @property
    def is_right_angled(self) -> bool:
        """Return true for a turn by a multiple of 90 degrees, mirrored or not, which `upright` can apply."""
        return sorted(map(abs, self)) == [0, 0, 1, 1] and abs(self.a) == abs(self.d)

    def unscaled(self) -> Turn:
        """Reduce a turn by a multiple of 90 degrees to its signs; one by another angle is returned as it is."""
        least = max(map(abs, self)) * _SLACK
        signs = Turn(*((value > least) - (value < -least) for value in self))
        if not any(signs):
            return UNTURNED
        return signs if signs.is_right_angled else self

    def then(self, later: Turn) -> Turn:
        """Return the turn that equals this one followed by `later`."""
        first, second = (np.array([[turn.a, turn.c], [turn.b, turn.d]]) for turn in (self, later))
        (a, c), (b, d) = (second @ first).tolist()
        return Turn(a, b, c, d)


UNTURNED = Turn(1, 0, 0, 1)
MIRRORED = Turn(-1, 0, 0, 1)
UPSIDE_DOWN = Turn(1, 0, 0, -1)
"""Mirrored top to bottom."""
CLOCKWISE = Turn(0, 1, -1, 0)
HALF_TURN = Turn(-1, 0, 0, -1)
COUNTERCLOCKWISE = Turn(0, -1, 1, 0)

EXIF_TURNS = {
    1: UNTURNED,
    2: MIRRORED,
    3: HALF_TURN,
    4: UPSIDE_DOWN,
    5: Turn(0, 1, 1, 0),
    6: CLOCKWISE,
    7: Turn(0, -1, -1, 0),
    8: COUNTERCLOCKWISE,
}
"""Turn of each Exif Orientation (Exif 2.32, tag 0x0112)."""


def upright(image: Image, turn: Turn) -> Image:
    """Return an image, uint8 (H, W) or (H, W, 3), turned and mirrored as it is to be shown.

    Raises:
        ValueError: If the turn is not by a multiple of 90 degrees.
    """
    if not turn.is_right_angled:
        raise ValueError(f"expected a turn by a multiple of 90 degrees, got {turn}")
    if turn.a == 0:
        image = np.asarray(cv2.transpose(image), np.uint8)
    flips = (turn.a + turn.c < 0, turn.b + turn.d < 0)
    code = {(True, False): 1, (False, True): 0, (True, True): -1}.get(flips)
    return image if code is None else np.asarray(cv2.flip(image, code), np.uint8)
