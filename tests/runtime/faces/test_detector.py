from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.files import sha256_file
from fer_edge.models import PORTRAIT_FILE, YUNET_FILE
from fer_edge.preprocess import Image, resize, to_gray
from fer_edge.runtime.faces.detector import MAX_WIDTH, FaceDetector, small_faces_advice

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
    faces = FaceDetector(confidence=0.5).detect(both)
    confidences = [face.confidence for face in faces]
    assert len(faces) == 2
    assert confidences == sorted(confidences, reverse=True)
    between = sum(confidences) / 2
    assert len(FaceDetector(confidence=between).detect(both)) == 1


@pytest.mark.parametrize(("width", "confidence"), [(16, 0.7), (320, 0), (320, 1)])
def test_settings_out_of_range_are_refused(width: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="expected a width"):
        FaceDetector(width, confidence)


HEAD = slice(20, 230), slice(100, 310)
"""Rows and columns of the portrait's head."""

FACE_SHARE = (FACE_XYXY[2] - FACE_XYXY[0]) / 420
"""Width of the face, from ear to ear, as a part of the portrait's."""


def pasted(portrait: Image, face_width: float, size_wh: tuple[int, int]) -> Image:
    """A gray frame with the portrait at its centre, scaled to a face of `face_width`."""
    side = round(face_width / FACE_SHARE)
    frame = np.full((size_wh[1], size_wh[0], 3), 120, np.uint8)
    top, left = (size_wh[1] - side) // 2, (size_wh[0] - side) // 2
    frame[top : top + side, left : left + side] = resize(portrait, (side, side))
    return frame


@pytest.mark.parametrize(("columns", "rows", "tile"), [(12, 8, 60), (12, 8, 320), (24, 16, 53)])
def test_every_face_of_a_crowd_is_found(portrait: Image, columns: int, rows: int, tile: int) -> None:
    crowd = np.tile(resize(portrait[HEAD], (tile, tile)), (rows, columns, 1))
    faces = FaceDetector(stills=True).detect(crowd)
    assert len(faces) == columns * rows
    places = {(int(face.landmarks[2, 0]) // tile, int(face.landmarks[2, 1]) // tile) for face in faces}
    assert len(places) == columns * rows


@pytest.mark.parametrize(
    ("face_width", "size_wh"), [(32, (640, 480)), (18, (640, 480)), (18, (1280, 960)), (60, (3840, 2160))]
)
def test_pictures_are_searched_in_their_own_width(portrait: Image, face_width: float, size_wh: tuple[int, int]) -> None:
    picture = pasted(portrait, face_width, size_wh)
    (face,) = FaceDetector(stills=True).detect(picture)
    assert face.box_xyxy[2] - face.box_xyxy[0] == pytest.approx(face_width, rel=0.25)
    is_small_at_320 = face_width * 320 < 10 * size_wh[0]
    assert len(FaceDetector().detect(picture)) == (0 if is_small_at_320 else 1)


@pytest.mark.parametrize("width", [None, 640, 2000])
def test_large_faces_of_pictures_are_found_at_any_width(portrait: Image, width: int | None) -> None:
    """The network knows no face of more than some 400 pixels."""
    close_up = resize(portrait[40:200, 130:290], (1600, 1600))
    (face,) = FaceDetector(width, stills=True).detect(close_up)
    np.testing.assert_allclose(face.box_xyxy / 10 + np.array([130, 40] * 2), FACE_XYXY, atol=14)


def test_a_tiny_picture_of_nothing_but_a_face_has_one(portrait: Image) -> None:
    for side in (24, 48, 100):
        assert len(FaceDetector(stills=True).detect(resize(portrait[40:200, 130:290], (side, side)))) == 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 900, 3), (16, 16), (960, 1280, 3)])
def test_an_empty_picture_has_no_face(shape: tuple[int, ...]) -> None:
    assert FaceDetector(stills=True).detect(np.full(shape, 90, np.uint8)) == []


@pytest.mark.parametrize(
    ("width", "stills", "advice"),
    [
        (None, False, "wider than 1/24 of the picture's longer side; a detector width of 640 finds smaller ones"),
        (1280, False, "wider than 1/98 of the picture's longer side; a detector width of 2560 finds smaller ones"),
        (None, True, "than 13 pixels and than 1/98 of the picture's longer side; a detector width of 2560 finds"),
        (3000, True, "wider than 1/230 of the picture's longer side; a detector width of 4096 finds smaller ones"),
    ],
)
def test_advice_names_a_width_that_finds_smaller_faces(width: int | None, stills: bool, advice: str) -> None:
    assert advice in small_faces_advice(width, stills=stills)


def test_advice_names_no_width_beyond_the_largest() -> None:
    assert "detector width" not in small_faces_advice(MAX_WIDTH, stills=False)


def test_the_width_in_the_advice_finds_the_face(portrait: Image) -> None:
    frame = pasted(portrait, 18, (640, 480))
    width = int(small_faces_advice(None, stills=False).split("detector width of ")[1].split()[0])
    assert (len(FaceDetector().detect(frame)), len(FaceDetector(width).detect(frame))) == (0, 1)
