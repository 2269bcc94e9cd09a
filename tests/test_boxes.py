from __future__ import annotations

import numpy as np
import pytest

from fer_edge.boxes import clip, crop_square, from_xywh


@pytest.mark.parametrize(
    ("boxes_xywh", "expected"),
    [
        (np.zeros((0, 4)), np.zeros((0, 4))),
        ([10, 20, 30, 40], [10, 20, 40, 60]),
        ([[10, 20, 30, 40], [-5, 0, 1, 2]], [[10, 20, 40, 60], [-5, 0, -4, 2]]),
    ],
)
def test_from_xywh(boxes_xywh: object, expected: object) -> None:
    np.testing.assert_array_equal(from_xywh(np.array(boxes_xywh, np.float32)), np.array(expected, np.float32))


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ([0, 0, 64, 48], [0, 0, 64, 48]),
        ([-3, 2, 70, 60], [0, 2, 64, 48]),
        ([100, 100, 120, 120], [64, 48, 64, 48]),
    ],
)
def test_clip_to_64x48(box: list[float], expected: list[float]) -> None:
    np.testing.assert_array_equal(clip(np.array(box, np.float32), (64, 48)), expected)


@pytest.mark.parametrize(
    ("box", "scale", "shift_y", "expected"),
    [
        ([10, 10, 30, 30], 1.0, 0.0, [10, 10, 30, 30]),
        ([10, 10, 30, 30], 2.0, 0.0, [0, 0, 40, 40]),
        ([10, 10, 30, 30], 2.0, 0.25, [0, 10, 40, 50]),
        ([0, 0, 40, 90], 1.0, 0.0, [-10, 15, 50, 75]),  # sqrt(40 * 90) = 60
        ([10, 10, 10, 30], 1.0, 0.0, [10, 20, 10, 20]),
        ([30, 30, 10, 10], 1.0, 0.0, [20, 20, 20, 20]),
    ],
)
def test_crop_square(box: list[float], scale: float, shift_y: float, expected: list[float]) -> None:
    np.testing.assert_allclose(crop_square(np.array(box, np.float32), scale, shift_y), expected, atol=1e-4)
