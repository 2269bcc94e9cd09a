from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import UNCERTAIN, FaceResult, FrameResult
from fer_edge.runtime.sinks.annotate import annotate
from fer_edge.runtime.sinks.palette import GRAY
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


def grid(columns: int, rows: int, size_wh: tuple[int, int], gap: float = 0.3) -> list[tuple[float, ...]]:
    """Return boxes in columns and rows, with gaps of a share of their width."""
    width, height = size_wh[0] / (columns + (columns + 1) * gap), size_wh[1] / (rows + (rows + 1) * gap)
    corners = [
        ((gap + x * (1 + gap)) * width, (gap + y * (1 + gap)) * height) for y in range(rows) for x in range(columns)
    ]
    return [(x, y, x + width, y + height) for x, y in corners]


def face_of(labels: tuple[str, ...], index: int, box: tuple[float, ...], track_id: int = 1) -> FaceResult:
    scores = np.full(len(labels), 0.1 / len(labels), np.float32)
    scores[index] = 0.9
    return FaceResult(track_id, np.array(box, np.float32), 0.9, scores, labels[index], 0.9)


@pytest.mark.parametrize("size_wh", [(320, 240), (640, 480), (1920, 1080), (3840, 2160)])
@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (2, 1), (3, 1), (4, 3), (6, 2)])
def test_no_face_is_covered_at_any_resolution(
    make_face: MakeFace, make_result: MakeResult, size_wh: tuple[int, int], columns: int, rows: int
) -> None:
    boxes = grid(columns, rows, size_wh)
    labels = [EXPRESSIONS[i % len(EXPRESSIONS)] for i in range(len(boxes))]
    faces = [make_face(label, box=box, track_id=i) for i, (label, box) in enumerate(zip(labels, boxes, strict=True))]
    frame, result = make_result(*faces, size_wh=size_wh)
    drawn = annotate(frame.image, result, EXPRESSIONS)
    edge = max(size_wh[1] // 100, 3)
    for x1, y1, x2, y2 in boxes:
        inner = slice(round(y1) + edge, round(y2) - edge), slice(round(x1) + edge, round(x2) - edge)
        np.testing.assert_array_equal(drawn[inner], frame.image[inner])


def dark_pixels(drawn: npt.NDArray[np.uint8]) -> int:
    """Count the pixels of panels with bars, darkened from the tests' gray."""
    return int((np.abs(drawn.astype(int) - 50).max(axis=2) <= 2).sum())


@pytest.mark.parametrize(("count", "has_bars"), [(1, True), (2, True), (3, False), (12, False)])
def test_bars_are_drawn_for_one_or_two_faces_only(
    make_face: MakeFace, make_result: MakeResult, count: int, has_bars: bool
) -> None:
    boxes = [(60 + 250 * (i % 2), 20 + 70 * (i // 2), 100 + 250 * (i % 2), 60 + 70 * (i // 2)) for i in range(count)]
    frame, result = make_result(*(make_face(box=box) for box in boxes), size_wh=(640, 480))
    assert (dark_pixels(annotate(frame.image, result, EXPRESSIONS)) > 2000) == has_bars


def test_face_that_fills_the_frame_has_one_line_at_its_upper_edge(make_face: MakeFace, make_result: MakeResult) -> None:
    frame, result = make_result(make_face(box=(0, 0, 640, 480)), size_wh=(640, 480))
    drawn = annotate(frame.image, result, EXPRESSIONS)
    assert (drawn[5:20, 5:60] != frame.image[5:20, 5:60]).any()
    np.testing.assert_array_equal(drawn[40:470, 10:630], frame.image[40:470, 10:630])


@pytest.mark.parametrize(
    "labels",
    [
        ("smile", "no smile"),
        tuple(f"expression number {i}" for i in range(30)),
        ("грустный", "惊讶", "हँसी"),
        ("x" * 200, "y" * 200),
    ],
    ids=["two", "thirty", "other scripts", "long"],
)
def test_any_labels_are_drawn_beside_the_face(make_result: MakeResult, labels: tuple[str, ...]) -> None:
    box = (250, 150, 350, 270)
    frame, result = make_result(face_of(labels, 1, box), size_wh=(640, 480))
    drawn = annotate(frame.image, result, labels)
    np.testing.assert_array_equal(drawn[156:264, 256:344], frame.image[156:264, 256:344])
    assert dark_pixels(drawn) > 1000


def test_uncertain_face_is_gray_and_claims_no_share(make_face: MakeFace, make_result: MakeResult) -> None:
    uncertain = dataclasses.replace(make_face(box=(250, 150, 350, 270)), label=UNCERTAIN)
    other_share = dataclasses.replace(uncertain, score=0.11)
    frame, result = make_result(uncertain, size_wh=(640, 480))
    drawn = annotate(frame.image, result, EXPRESSIONS)
    np.testing.assert_array_equal(drawn, annotate(frame.image, make_result(other_share)[1], EXPRESSIONS))
    assert (drawn[150, 300] == GRAY).all()
