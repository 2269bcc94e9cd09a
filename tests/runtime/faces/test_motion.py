from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.boxes import BoxArray
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.motion import MotionEstimator, Similarity

BOX = np.array([100, 60, 220, 180], np.float32)


@pytest.fixture(scope="module")
def scene() -> Image:
    """Blurred noise, which has corners everywhere."""
    noise = np.random.default_rng(0).integers(0, 256, (30, 40), np.uint8)
    return np.asarray(cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC), np.uint8)


def motion_between(last: Image, image: Image, box: BoxArray) -> Similarity | None:
    estimator = MotionEstimator()
    estimator.keep(last, {1: box})
    return estimator.estimate(image, {1: box})[1]


@pytest.mark.parametrize("size", [1, 2, 5])
@pytest.mark.parametrize(
    "truth",
    [
        np.array([[1, 0, 5], [0, 1, 2]], np.float64),
        cv2.getRotationMatrix2D((160, 120), 4, 1),
        cv2.getRotationMatrix2D((160, 120), -3, 0.96),
    ],
    ids=["shift", "turn", "turn-and-shrink"],
)
def test_motion_is_estimated_in_the_frames_pixels(scene: Image, truth: Similarity, size: int) -> None:
    """Surroundings are shrunk, more so in large frames."""
    large = cv2.resize(scene, None, fx=size, fy=size, interpolation=cv2.INTER_CUBIC)
    scaled = truth * (1, 1, size)
    moved = cv2.warpAffine(large, scaled, large.shape[::-1], flags=cv2.INTER_CUBIC)
    motion = motion_between(np.asarray(large, np.uint8), np.asarray(moved, np.uint8), BOX * size)
    assert motion is not None
    corners = size * np.array([[100, 60], [220, 60], [100, 180], [220, 180]])
    expected = corners @ scaled[:, :2].T + scaled[:, 2]
    np.testing.assert_allclose(corners @ motion[:, :2].T + motion[:, 2], expected, atol=0.7 * size)


@pytest.mark.parametrize("colour", [False, True])
def test_what_is_drawn_into_a_frame_afterwards_does_not_count(scene: Image, colour: bool) -> None:
    image = cv2.cvtColor(scene, cv2.COLOR_GRAY2BGR) if colour else scene.copy()
    estimator = MotionEstimator()
    small = np.array([100, 60, 140, 100], np.float32)  # not shrunk
    estimator.keep(np.asarray(image, np.uint8), {1: small})
    image[...] = 0
    (motion,) = estimator.estimate(np.roll(scene, 3, axis=1), {1: small}).values()
    assert motion == pytest.approx(np.array([[1, 0, 3], [0, 1, 0]]), abs=0.1)


def test_no_motion_without_a_last_frame_of_the_same_size(scene: Image) -> None:
    assert MotionEstimator().estimate(scene, {1: BOX}) == {1: None}
    assert motion_between(scene, scene[:200], BOX) is None
    assert motion_between(scene, scene[:50], BOX) is None
    assert motion_between(scene, scene, BOX) is not None


def test_no_motion_from_a_frame_that_was_forgotten(scene: Image) -> None:
    estimator = MotionEstimator()
    estimator.keep(scene, {1: BOX})
    estimator.forget()
    assert estimator.estimate(scene, {1: BOX}) == {1: None}


def test_no_motion_of_a_face_too_small_to_follow_or_beyond_the_frame(scene: Image) -> None:
    boxes = {1: BOX, 2: np.array([100, 60, 106, 66], np.float32), 7: BOX + 1000, 8: BOX - 1000}
    estimator = MotionEstimator()
    estimator.keep(scene, boxes)
    motions = estimator.estimate(scene, boxes)
    assert [number for number, motion in motions.items() if motion is not None] == [1]


def test_a_face_is_followed_from_frame_to_frame_across_the_picture(scene: Image) -> None:
    """Its surroundings are cut anew when it has left their middle."""
    estimator, box = MotionEstimator(), np.array([20, 60, 80, 120], np.float32)
    estimator.keep(scene, {1: box})
    for step in range(1, 21):
        image = np.roll(scene, 8 * step, axis=1)
        (motion,) = estimator.estimate(image, {1: box}).values()
        assert motion is not None
        box = (box.reshape(2, 2) @ motion[:, :2].T + motion[:, 2]).reshape(4).astype(np.float32)
        estimator.keep(image, {1: box})
    assert box == pytest.approx(np.array([180, 60, 240, 120]), abs=1)
