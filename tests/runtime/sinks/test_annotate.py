from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.annotate import annotate
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def test_frame_without_faces_is_unchanged(make_result: MakeResult) -> None:
    frame, result = make_result()
    drawn = annotate(frame.image, result, EXPRESSIONS)
    np.testing.assert_array_equal(drawn, frame.image)
    assert drawn is not frame.image


def test_input_frame_is_not_modified(make_face: MakeFace, make_result: MakeResult) -> None:
    frame, result = make_result(make_face(), size_wh=(640, 480))
    before = frame.image.copy()
    drawn = annotate(frame.image, result, EXPRESSIONS)
    np.testing.assert_array_equal(frame.image, before)
    assert (drawn != before).any()


def test_title_and_bars_do_not_cover_the_face(make_face: MakeFace, make_result: MakeResult) -> None:
    frame, result = make_result(make_face(box=(250, 150, 350, 270)), size_wh=(640, 480))
    drawn = annotate(frame.image, result, EXPRESSIONS)
    np.testing.assert_array_equal(drawn[156:264, 256:344], frame.image[156:264, 256:344])


def test_bar_length_follows_the_score(make_face: MakeFace, make_result: MakeResult) -> None:
    frame, result = make_result(make_face("angry", 0.97, box=(20, 20, 120, 140)), size_wh=(640, 480))
    calm = make_result(make_face("angry", 0.2, box=(20, 20, 120, 140)), size_wh=(640, 480))[1]
    orange = np.array((0, 94, 213))
    lengths = [
        int((np.abs(annotate(frame.image, one, EXPRESSIONS)[30:60, 130:].astype(int) - orange).max(axis=2) < 8).sum())
        for one in (result, calm)
    ]
    assert lengths[0] > 3 * lengths[1]


@pytest.mark.parametrize("size_wh", [(48, 48), (9, 9), (2000, 40), (640, 480), (1920, 1080)])
@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0, 0, 9, 9), (3, 3, 9, 9)])
def test_faces_of_any_size_and_place_can_be_drawn(
    make_face: MakeFace, make_result: MakeResult, size_wh: tuple[int, int], box: tuple[float, ...]
) -> None:
    frame, result = make_result(*(make_face(label, box=box) for label in EXPRESSIONS), size_wh=size_wh)
    drawn = annotate(frame.image, result, EXPRESSIONS)
    assert drawn.shape == frame.image.shape


def test_more_classes_than_colours_can_be_drawn(make_face: MakeFace, make_result: MakeResult) -> None:
    labels = tuple(f"class {i}" for i in range(12))
    frame, result = make_result(size_wh=(640, 480))
    face = make_face()
    other = type(face)(1, face.box_xyxy, face.confidence, np.full(12, 1 / 12, np.float32), "class 11", 1 / 12)
    annotate(frame.image, type(result)(0, 0, (other,), result.timings_ms), labels)
