from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.stream.scenes import SIZE_WH, Placement, anywhere, as_a_camera_sees, photographs, place
from benchmarks.stream.whole_pipeline import measure_end_to_end
from fer_edge.dataset.data import Split
from fer_edge.models import PORTRAIT_FILE

BLACK = np.zeros(SIZE_WH[::-1], np.uint8)
WHITE = np.full((48, 48), 255, np.uint8)
SQUARE = np.pad(np.full((32, 32), 255, np.uint8), 8)
"""White within a black rim, of which OpenCV's versions draw more or less."""


@pytest.mark.parametrize("turn", [0, 20])
@pytest.mark.parametrize("side", [60, 300])
def test_face_is_pasted_at_its_place(side: int, turn: float) -> None:
    frame = place(SQUARE, BLACK, Placement((320, 240), side, turn))[..., 0]
    rows, columns = np.nonzero(frame > 127)
    assert (columns.mean(), rows.mean()) == pytest.approx((320, 240), abs=1)
    assert np.sqrt(len(rows)) == pytest.approx(side * 2 / 3, rel=0.05)
    reach = side * 2 / 3 * (np.cos(np.deg2rad(turn)) + np.sin(np.deg2rad(turn)))
    assert np.ptp(columns) == pytest.approx(reach, rel=0.08)


def test_rotation_is_clockwise() -> None:
    marked = np.zeros((48, 48), np.uint8)
    marked[:8, 20:28] = 255  # at the top
    frame = place(marked, BLACK, Placement((320, 240), 200, 30))[..., 0]
    assert np.nonzero(frame > 127)[1].mean() > 330


def test_faces_lie_within_the_frame() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        placement = anywhere(100, 20, rng)
        assert abs(placement.turn) == 20
        assert 60 < placement.centre[0] < 580
        assert 60 < placement.centre[1] < 420


def test_photographs_have_the_frames_size_and_noise_varies() -> None:
    for picture in photographs():
        assert picture.shape == BLACK.shape
    rng = np.random.default_rng(0)
    frame = place(WHITE, BLACK, Placement((320, 240), 100))
    assert not np.array_equal(as_a_camera_sees(frame, rng), as_a_camera_sees(frame, rng))


def test_pasted_portrait_is_found_and_classified_as_bare() -> None:
    portrait = cv2.imread(str(PORTRAIT_FILE), cv2.IMREAD_GRAYSCALE)
    assert portrait is not None
    smile = np.asarray(cv2.resize(portrait[62:180, 146:264], (48, 48), interpolation=cv2.INTER_AREA), np.uint8)
    happy = Split(np.stack([smile] * 2), np.array([3, 3]), ("a.jpg", "b.jpg"))
    upright = [one for one in measure_end_to_end(happy) if one.turn == 0 and one.side >= 160]
    assert all(one.found == 1 for one in upright)
    assert all(one.accuracy == one.bare_accuracy for one in upright)
