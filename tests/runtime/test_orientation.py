from __future__ import annotations

import numpy as np
import pytest

from fer_edge.runtime.frames import Frame
from fer_edge.runtime.orientation import Flip, oriented

CORNERS = np.array([[[1], [2]], [[3], [4]], [[5], [6]]], np.uint8).repeat(3, axis=2)
"""Two pixels wide, three high."""


@pytest.mark.parametrize(
    ("rotate", "flip", "expected"),
    [
        (0, Flip.NONE, [[1, 2], [3, 4], [5, 6]]),
        (90, Flip.NONE, [[5, 3, 1], [6, 4, 2]]),
        (180, Flip.NONE, [[6, 5], [4, 3], [2, 1]]),
        (270, Flip.NONE, [[2, 4, 6], [1, 3, 5]]),
        (0, Flip.HORIZONTAL, [[2, 1], [4, 3], [6, 5]]),
        (0, Flip.VERTICAL, [[5, 6], [3, 4], [1, 2]]),
        (90, Flip.HORIZONTAL, [[1, 3, 5], [2, 4, 6]]),
    ],
)
def test_frames_are_turned_clockwise_and_then_mirrored(rotate: int, flip: Flip, expected: list[list[int]]) -> None:
    (frame,) = oriented([Frame(CORNERS, 7, 1.5, name="a.png")], rotate, flip)
    assert frame.image[..., 0].tolist() == expected
    assert (frame.number, frame.time, frame.name) == (7, 1.5, "a.png")
