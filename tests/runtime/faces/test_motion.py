from __future__ import annotations

import numpy as np
import pytest

from fer_edge.preprocess import Image
from fer_edge.runtime.faces.motion import MotionEstimator

BOX = np.array([100, 60, 220, 180], np.float32)


@pytest.fixture(scope="module")
def scene() -> Image:
    """Blurred noise, which has corners everywhere."""
    noise = np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)
    return np.kron(noise, np.ones((8, 8), np.uint8))


def test_a_shift_is_estimated_in_the_frames_pixels(scene: Image) -> None:
    estimator = MotionEstimator()
    assert estimator.estimate(scene, [BOX]) == [None]
    (motion,) = estimator.estimate(np.roll(scene, (2, 5), axis=(0, 1)), [BOX])
    assert motion == pytest.approx(np.array([[1, 0, 5], [0, 1, 2]]), abs=0.1)


def test_no_motion_without_a_last_frame_of_the_same_size(scene: Image) -> None:
    estimator = MotionEstimator()
    estimator.estimate(scene, [BOX])
    assert estimator.estimate(scene[:200], [BOX]) == [None]
    estimator.forget()
    assert estimator.estimate(scene[:200], [BOX]) == [None]
    (motion,) = estimator.estimate(scene[:200], [BOX])
    assert motion is not None


def test_no_motion_of_a_face_too_small_to_follow(scene: Image) -> None:
    estimator = MotionEstimator()
    small = np.array([100, 60, 106, 66], np.float32)
    estimator.estimate(scene, [BOX, small])
    motion, none = estimator.estimate(scene, [BOX, small])
    assert motion is not None
    assert none is None
