from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.files import sha256_file
from fer_edge.preprocess import Image, resize, to_gray
from fer_edge.runtime.demo import PORTRAIT_FILE
from fer_edge.runtime.detector import YUNET_FILE, FaceDetector

FACE_XYXY = (160, 62, 248, 178)
"""Where the face is in the portrait, by eye: between hairline and chin, and between the ears."""


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


@pytest.fixture(scope="module")
def portrait() -> Image:
    image = cv2.imread(str(PORTRAIT_FILE))
    assert image is not None
    return np.asarray(image, np.uint8)


def test_the_weights_are_the_published_ones() -> None:
    assert sha256_file(YUNET_FILE) == "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"


def test_the_portrait_has_one_face_with_its_features_in_place(detector: FaceDetector, portrait: Image) -> None:
    (face,) = detector.detect(portrait)
    np.testing.assert_allclose(face.box_xyxy, FACE_XYXY, atol=12)
    assert face.confidence > 0.85
    right_eye, left_eye, nose, mouth_right, mouth_left = face.landmarks
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < min(mouth_right[1], mouth_left[1])


@pytest.mark.parametrize("size_wh", [(640, 480), (480, 640), (1280, 720), (333, 500), (320, 320), (201, 199)])
def test_boxes_are_in_the_frames_own_pixels(detector: FaceDetector, portrait: Image, size_wh: tuple[int, int]) -> None:
    """Whatever the frame's size and the sizes before it, one detector gives the same face in that frame's pixels."""
    side = min(size_wh)
    frame = np.full((size_wh[1], size_wh[0], 3), 120, np.uint8)
    frame[-side:, -side:] = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
    (face,) = detector.detect(frame)
    corner = np.array([size_wh[0] - side, size_wh[1] - side] * 2)
    np.testing.assert_allclose((face.box_xyxy - corner) * 420 / side, FACE_XYXY, atol=16)


def test_nothing_is_kept_from_frame_to_frame(portrait: Image) -> None:
    used = FaceDetector()
    used.detect(np.zeros((700, 300, 3), np.uint8))
    used.detect(resize(portrait, (200, 300)))
    (after,), (fresh,) = used.detect(portrait), FaceDetector().detect(portrait)
    np.testing.assert_array_equal(after.box_xyxy, fresh.box_xyxy)


def test_gray_frames_are_taken(detector: FaceDetector, portrait: Image) -> None:
    (face,) = detector.detect(to_gray(portrait))
    np.testing.assert_allclose(face.box_xyxy, FACE_XYXY, atol=12)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (900, 2, 3), (16, 16), (480, 640, 3)])
def test_an_empty_frame_of_any_size_has_no_face(detector: FaceDetector, shape: tuple[int, ...]) -> None:
    assert detector.detect(np.full(shape, 90, np.uint8)) == []


def test_faces_come_surest_first_and_above_the_confidence(portrait: Image) -> None:
    both = np.hstack([portrait, cv2.GaussianBlur(portrait, (0, 0), 4)])
    faces = FaceDetector(confidence=0.4).detect(both)
    confidences = [face.confidence for face in faces]
    assert len(faces) == 2
    assert confidences == sorted(confidences, reverse=True)
    between = sum(confidences) / 2
    assert len(FaceDetector(confidence=between).detect(both)) == 1


@pytest.mark.parametrize(("width", "confidence"), [(16, 0.7), (320, 0), (320, 1)])
def test_settings_out_of_range_are_refused(width: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="expected a width"):
        FaceDetector(width, confidence)
