from __future__ import annotations

import itertools

import pytest

from fer_edge.runtime.sinks.placement import Area, FreeSpace

FACE = Area(100, 100, 160, 180)


def overlap(one: Area, other: Area) -> bool:
    return one.left < other.right and other.left < one.right and one.top < other.bottom and other.top < one.bottom


def test_title_is_above_the_face_and_panel_at_its_right() -> None:
    space = FreeSpace((640, 480), [FACE])
    assert space.take_over_or_under((80, 20), FACE) == Area(100, 80, 180, 100)
    assert space.take_at_side((90, 70), FACE, gap=5) == Area(165, 100, 255, 170)


@pytest.mark.parametrize(
    ("face", "expected"),
    [
        (Area(100, 5, 160, 85), Area(100, 85, 180, 105)),  # no place above
        (Area(600, 100, 640, 180), Area(560, 80, 640, 100)),  # shifted to the left
        (Area(0, 0, 60, 480), Area(60, 0, 140, 20)),  # beside a face as high as the frame
    ],
)
def test_title_stays_within_the_frame(face: Area, expected: Area) -> None:
    assert FreeSpace((640, 480), [face]).take_over_or_under((80, 20), face) == expected


def test_no_place_is_found_beside_a_face_that_fills_the_frame() -> None:
    frame = Area(0, 0, 640, 480)
    space = FreeSpace((640, 480), [frame])
    assert space.take_over_or_under((1, 1), frame) is None
    assert space.take_at_side((1, 1), frame, gap=0) is None


def test_places_in_a_crowd_overlap_neither_faces_nor_each_other() -> None:
    faces = [Area(20 + 100 * x, 20 + 110 * y, 110 + 100 * x, 110 + 110 * y) for x in range(6) for y in range(4)]
    space = FreeSpace((640, 480), faces)
    placed = [area for face in faces if (area := space.take_over_or_under((95, 15), face))]
    assert len(placed) > len(faces) / 2
    assert not any(overlap(*pair) for pair in itertools.combinations(placed + faces, 2))
