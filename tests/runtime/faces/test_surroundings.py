from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.boxes import BoxArray, overlaps
from fer_edge.models import PORTRAIT_FILE
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.faces.surroundings import Surroundings


@pytest.fixture(scope="module")
def surroundings() -> Surroundings:
    return Surroundings(FaceDetector())


@pytest.fixture(scope="module")
def portrait() -> Image:
    """A face that is half as wide as the picture."""
    image = cv2.imread(str(PORTRAIT_FILE))
    assert image is not None
    return np.asarray(image[20:220, 100:300], np.uint8)


def scene(portrait: Image, *places: tuple[int, int, int], size_wh: tuple[int, int] = (640, 480)) -> Image:
    """Return a gray wall with the portrait at each x, y, side."""
    image = np.full((size_wh[1], size_wh[0], 3), 128, np.uint8)
    for x, y, side in places:
        small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
        image[max(y, 0) : y + side, max(x, 0) : x + side] = small[max(-y, 0) :, max(-x, 0) :][
            : size_wh[1] - max(y, 0), : size_wh[0] - max(x, 0)
        ]
    return image


def whole(image: Image) -> list[BoxArray]:
    """Return the boxes that a search of the whole frame finds, from left to right."""
    return sorted((face.box_xyxy for face in FaceDetector().detect(image)), key=lambda box: float(box[0]))


@pytest.mark.parametrize("side", [200, 400, 900], ids="{}px".format)
@pytest.mark.parametrize("shift", [0, 0.15], ids=["there", "moved-on"])
def test_a_face_is_found_where_the_whole_frame_shows_it(
    surroundings: Surroundings, portrait: Image, side: int, shift: float
) -> None:
    image = scene(portrait, (40, 30, side), size_wh=(1280, 960))
    (box,) = whole(image)
    (face,) = surroundings.detect(image, [box + np.float32(shift) * (box[2] - box[0])]) or []
    assert overlaps(face.box_xyxy[np.newaxis], box[np.newaxis]) > 0.65
    x1, y1, x2, y2 = face.box_xyxy
    assert ((face.landmarks > (x1, y1)) & (face.landmarks < (x2, y2))).all()


@pytest.mark.parametrize("place", [(-90, 100), (470, 100), (200, -90), (200, 300), (-80, -80), (460, 290)])
def test_a_face_at_the_edge_is_found(surroundings: Surroundings, portrait: Image, place: tuple[int, int]) -> None:
    image = scene(portrait, (*place, 260))
    (box,) = whole(image)
    (face,) = surroundings.detect(image, [box]) or []
    assert overlaps(face.box_xyxy[np.newaxis], box[np.newaxis]) > 0.65


def test_faces_near_each_other_keep_their_order(surroundings: Surroundings, portrait: Image) -> None:
    """Each lies in the other's surroundings."""
    image = scene(portrait, (60, 100, 260), (210, 110, 260))
    left, right = whole(image)
    assert right[0] - left[2] < 0.5 * 1.6 * (left[3] - left[1])
    for boxes in ([left, right], [right, left]):
        faces = surroundings.detect(image, boxes)
        assert faces is not None
        for box, face in zip(boxes, faces, strict=True):
            assert overlaps(face.box_xyxy[np.newaxis], box[np.newaxis]) > 0.65


def test_none_if_one_face_is_gone_or_two_are_the_same(surroundings: Surroundings, portrait: Image) -> None:
    image = scene(portrait, (60, 100, 260))
    (box,) = whole(image)
    assert surroundings.detect(image, [box, box + 300]) is None
    assert surroundings.detect(image, [box, box + 5]) is None
    assert surroundings.detect(scene(portrait), [box]) is None


def test_a_neighbour_is_not_taken_for_a_face_that_is_gone(surroundings: Surroundings, portrait: Image) -> None:
    left, right = whole(scene(portrait, (60, 100, 260), (210, 110, 260)))
    assert surroundings.detect(scene(portrait, (60, 100, 260)), [right]) is None
    assert surroundings.detect(scene(portrait, (60, 100, 260)), [left]) is not None


def test_a_crowd_is_searched_as_a_whole(surroundings: Surroundings, portrait: Image) -> None:
    image = scene(portrait, *((160 * column, 100, 160) for column in range(4)))
    boxes = whole(image)
    assert len(boxes) == 4
    assert surroundings.detect(image, boxes) is None
    assert surroundings.detect(image, boxes[:3]) is not None


@pytest.mark.parametrize(
    ("size_wh", "box"), [((40, 30), (5, 5, 30, 28)), ((640, 8), (10, 0, 30, 8)), ((300, 300), (-50, -60, 400, 420))]
)
def test_frames_smaller_than_the_surroundings_are_searched(
    surroundings: Surroundings, portrait: Image, size_wh: tuple[int, int], box: tuple[float, ...]
) -> None:
    image = scene(portrait, size_wh=size_wh)
    assert surroundings.detect(image, [np.array(box, np.float32)]) is None


def test_gray_frames_are_searched(surroundings: Surroundings, portrait: Image) -> None:
    image = np.asarray(cv2.cvtColor(scene(portrait, (60, 100, 260)), cv2.COLOR_BGR2GRAY), np.uint8)
    assert surroundings.detect(image, whole(image)) is not None
