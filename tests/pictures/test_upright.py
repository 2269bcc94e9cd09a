from __future__ import annotations

import numpy as np
import pytest

from fer_edge.pictures.upright import (
    CLOCKWISE,
    COUNTERCLOCKWISE,
    EXIF_TURNS,
    HALF_TURN,
    MIRRORED,
    UNTURNED,
    Turn,
    upright,
)

STORED = np.array([[1, 2], [3, 4], [5, 6]], np.uint8)
"""Two pixels wide, three high."""


@pytest.mark.parametrize(
    ("orientation", "shown"),
    [
        (1, [[1, 2], [3, 4], [5, 6]]),
        (2, [[2, 1], [4, 3], [6, 5]]),
        (3, [[6, 5], [4, 3], [2, 1]]),
        (4, [[5, 6], [3, 4], [1, 2]]),
        (5, [[1, 3, 5], [2, 4, 6]]),
        (6, [[5, 3, 1], [6, 4, 2]]),
        (7, [[6, 4, 2], [5, 3, 1]]),
        (8, [[2, 4, 6], [1, 3, 5]]),
    ],
)
def test_each_exif_orientation_is_turned_as_the_standard_says(orientation: int, shown: list[list[int]]) -> None:
    assert upright(STORED, EXIF_TURNS[orientation]).tolist() == shown
    in_colour = upright(STORED[..., np.newaxis].repeat(3, axis=2), EXIF_TURNS[orientation])
    assert in_colour[..., 0].tolist() == shown


@pytest.mark.parametrize("first", EXIF_TURNS.values())
@pytest.mark.parametrize("second", EXIF_TURNS.values())
def test_two_turns_in_one_have_the_effect_of_both(first: Turn, second: Turn) -> None:
    both = first.then(second)
    np.testing.assert_array_equal(upright(STORED, both), upright(upright(STORED, first), second))


def test_turns_are_composed() -> None:
    assert CLOCKWISE.then(CLOCKWISE) == HALF_TURN
    assert CLOCKWISE.then(COUNTERCLOCKWISE) == MIRRORED.then(MIRRORED) == UNTURNED


@pytest.mark.parametrize("turn", [Turn(0.7, 0.7, -0.7, 0.7), Turn(0, 0, 0, 0), Turn(1, 1, 0, 0), Turn(1, 0, 0, 2)])
def test_other_angles_are_rejected(turn: Turn) -> None:
    assert not turn.is_right_angled
    with pytest.raises(ValueError, match="multiple of 90"):
        upright(STORED, turn)
