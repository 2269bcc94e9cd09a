from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.preprocess import FER2013_CROP, CropSpec, Image, crop_face, resize, to_gray

AS_BOX = CropSpec(detector="none", scale=1.0, shift_y=0.0, measured_on="nothing")


def ramp(height: int, width: int) -> Image:
    return np.add.outer(np.arange(height), 2 * np.arange(width)).astype(np.uint8)


def test_the_crop_is_measured() -> None:
    assert "27,822 of 28,709" in FER2013_CROP.measured_on
    assert FER2013_CROP.scale == pytest.approx(1.08, abs=0.03)
    assert FER2013_CROP.shift_y == pytest.approx(-0.01, abs=0.02)


@pytest.mark.parametrize(("scale", "shift_y"), [(0.4, 0), (4.1, 0), (1, 0.6), (1, -0.6)])
def test_crop_out_of_range_is_rejected(scale: float, shift_y: float) -> None:
    with pytest.raises(ValueError, match="crop scale"):
        CropSpec("none", scale, shift_y, "nothing")


def test_to_gray_passes_gray_through_and_weighs_colours() -> None:
    gray = ramp(4, 5)
    assert to_gray(gray) is gray
    pure = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)  # blue, green, red
    assert to_gray(pure).tolist() == [[29, 150, 76]]


def test_resize_of_the_same_size_is_the_same_image() -> None:
    image = ramp(6, 6)
    assert resize(image, (6, 6)) is image


def test_resize_shrinks_by_area() -> None:
    image = np.array([[0, 100], [200, 100]], np.uint8)
    assert resize(image, (1, 1)).tolist() == [[100]]


def test_crop_face_cuts_exactly_the_box() -> None:
    frame = ramp(60, 80)
    crop = crop_face(frame, np.array([20, 10, 50, 40], np.float32), AS_BOX, (30, 30))
    np.testing.assert_array_equal(crop, frame[10:40, 20:50])


def test_crop_face_repeats_the_edge_beyond_the_frame() -> None:
    frame = ramp(40, 40)
    crop = crop_face(frame, np.array([-10, -10, 20, 20], np.float32), AS_BOX, (30, 30))
    np.testing.assert_array_equal(crop[10:, 10:], frame[:20, :20])
    np.testing.assert_array_equal(crop[:10, 10:], np.broadcast_to(frame[0, :20], (10, 20)))
    np.testing.assert_array_equal(crop[10:, 0], frame[:20, 0])


def test_crop_face_of_colour_is_crop_face_of_its_gray() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    box = np.array([31.4, 22.7, 80.1, 85.9], np.float32)
    np.testing.assert_array_equal(
        crop_face(frame, box, FER2013_CROP, (48, 48)), crop_face(to_gray(frame), box, FER2013_CROP, (48, 48))
    )


@pytest.mark.parametrize("box", [[5, 5, 5.2, 5.2], [-40, -40, 45, 45], [0, 0, 1000, 1000], [39, 39, 60, 60]])
def test_crop_face_gives_the_model_its_size(box: list[float]) -> None:
    crop = crop_face(ramp(40, 40), np.array(box, np.float32), AS_BOX, (48, 48))
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8


def test_box_outside_the_frame_is_rejected() -> None:
    with pytest.raises(ValueError, match="meets the 40x40 frame"):
        crop_face(ramp(40, 40), np.array([50, 50, 60, 60], np.float32), AS_BOX, (48, 48))


def test_the_crop_moves_with_the_box() -> None:
    """Shift the picture and its box by the same amount: the crop must not notice."""
    noise = np.random.default_rng(1).integers(0, 256, (200, 200), np.uint8)
    frame = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    moved = np.roll(frame, (17, 23), axis=(0, 1))
    box = np.array([60, 60, 120, 130], np.float32)
    shift = np.array([23, 17, 23, 17], np.float32)
    np.testing.assert_array_equal(
        crop_face(frame, box, FER2013_CROP, (48, 48)), crop_face(moved, box + shift, FER2013_CROP, (48, 48))
    )


@pytest.mark.parametrize("degrees", [-40, -12, 12, 40])
def test_roll_of_the_head_is_undone(degrees: float) -> None:
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.integers(0, 256, (300, 400), np.uint8), (0, 0), 6)
    frame = np.clip((noise.astype(int) - 128) * 8 + 128, 0, 255).astype(np.uint8)
    box = np.array([150, 90, 230, 190], np.float32)
    # OpenCV turns counter-clockwise.
    turn = cv2.getRotationMatrix2D((190, 140), -degrees, 1)
    turned = np.asarray(cv2.warpAffine(frame, turn, (400, 300)), np.uint8)
    upright = crop_face(frame, box, FER2013_CROP, (48, 48)).astype(int)
    back, as_it_is = (
        np.abs(crop_face(turned, box, FER2013_CROP, (48, 48), np.deg2rad(angle)) - upright).mean()
        for angle in (degrees, 0)
    )
    assert back < 6
    assert back < as_it_is / 3
