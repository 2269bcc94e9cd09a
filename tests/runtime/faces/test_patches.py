from __future__ import annotations

import numpy as np
import pytest

from fer_edge.runtime.faces.patches import cut_square, power_of_two


@pytest.mark.parametrize(
    ("least", "expected"), [(0.0, 1), (-3.0, 1), (0.3, 1), (1.0, 1), (1.01, 2), (2.0, 2), (2.1, 4), (33.0, 64)]
)
def test_power_of_two_is_the_smallest_that_suffices(least: float, expected: int) -> None:
    assert power_of_two(least) == expected


FRAME = np.arange(12 * 16, dtype=np.uint8).reshape(12, 16)


@pytest.mark.parametrize(
    ("left", "top", "side", "shrink", "expected"),
    [
        (2, 3, 4, 1, FRAME[3:7, 2:6]),
        (-2, -1, 4, 1, FRAME[:3, :2]),
        (14, 10, 4, 1, FRAME[10:, 14:]),
        (20, 0, 4, 1, FRAME[:4, :0]),
        (-9, 0, 4, 2, FRAME[:4, :0]),
        (0, 20, 4, 2, FRAME[:0, :4]),
    ],
)
def test_cut_squares_end_at_the_frame(left: int, top: int, side: int, shrink: int, expected: np.ndarray) -> None:
    np.testing.assert_array_equal(cut_square(FRAME, left, top, side, shrink), expected)


def test_shrunk_pixels_are_means_and_incomplete_ones_are_left_out() -> None:
    shrunk = cut_square(FRAME, 13, 1, 9, 2)
    assert shrunk.shape == (4, 1)
    assert float(shrunk[0, 0]) == pytest.approx(FRAME[1:3, 13:15].mean(), abs=0.6)
