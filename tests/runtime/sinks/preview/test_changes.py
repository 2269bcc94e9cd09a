from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest

from fer_edge.runtime.results import UNCERTAIN, Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.preview.changes import MOST_CHANGES, PICTURE_SIDE, Changes, cut_faces
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
CAME, CHANGED, LEFT = EventKind.APPEARED, EventKind.CHANGED, EventKind.LEFT


def result(*events: Event, faces: tuple[FaceResult, ...] = ()) -> FrameResult:
    return FrameResult(0, 1000.0, faces, {}, events)


def changes_of(labels: list[str], *, leaves: bool = False) -> list[tuple[EventKind, str, str | None]]:
    """Return the changes of a face that shows one label after another."""
    changes = Changes()
    changes.add(0.0, result(Event(CAME, 1, 1000.0, labels[0])), {})
    for moment, (before, now) in enumerate(pairwise(labels), 1):
        changes.add(float(moment), result(Event(CHANGED, 1, 1000.0 + moment, now, before)), {})
    if leaves:
        changes.add(99.0, result(Event(LEFT, 1, 1099.0, labels[-1])), {})
    return [(change.event.kind, change.event.label, change.event.previous) for change in changes.after(0)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["happy"], []),
        (["happy", UNCERTAIN, "happy"], []),
        (["happy", UNCERTAIN, "sad"], [("sad", "happy")]),
        (["happy", "sad"], [("sad", "happy")]),
        (["happy", UNCERTAIN, "happy", UNCERTAIN, "happy", "sad"], [("sad", "happy")]),
        ([UNCERTAIN, "happy"], [("happy", UNCERTAIN)]),
        ([UNCERTAIN, "happy", UNCERTAIN, "happy"], [("happy", UNCERTAIN)]),
    ],
)
def test_uncertain_times_are_no_changes(labels: list[str], expected: list[tuple[str, str]]) -> None:
    assert changes_of(labels) == [(CAME, labels[0], None), *((CHANGED, now, before) for now, before in expected)]


def test_face_leaves_with_its_last_expression() -> None:
    assert changes_of(["happy", UNCERTAIN], leaves=True)[-1] == (LEFT, "happy", None)
    assert changes_of([UNCERTAIN], leaves=True)[-1] == (LEFT, UNCERTAIN, None)


def test_faces_do_not_mix() -> None:
    changes = Changes()
    changes.add(0.0, result(Event(CAME, 1, 1.0, "happy"), Event(CAME, 2, 1.0, "sad")), {})
    changes.add(1.0, result(Event(CHANGED, 1, 2.0, UNCERTAIN, "happy"), Event(CHANGED, 2, 2.0, "fear", "sad")), {})
    changes.add(2.0, result(Event(CHANGED, 1, 3.0, "happy", UNCERTAIN)), {})
    assert [(each.number, each.event.track_id, each.event.label) for each in changes.after(1)] == [
        (2, 2, "sad"),
        (3, 2, "fear"),
    ]
    assert [each.number for each in changes.since(0.5)] == [3]


def test_newest_changes_are_kept_with_their_numbers(make_face: MakeFace) -> None:
    image = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    changes = Changes()
    for number in range(1, MOST_CHANGES):
        faces = (make_face(box=(100, 100, 300, 340), track_id=number),)
        seen = result(Event(CAME, number, 1.0, "happy"), faces=faces)
        changes.add(float(number), seen, cut_faces(image, seen))
        changes.add(number + 0.5, result(Event(LEFT, number, 1.0, "happy")), {})
    kept = changes.after(0)
    assert len(kept) == MOST_CHANGES
    assert kept[-1].number == changes.newest == 2 * (MOST_CHANGES - 1)
    assert sum(len(each.picture or b"") for each in kept) < MOST_CHANGES * 10_000  # of noise, which is the largest
    assert not changes._labels
    assert not changes._pictures


def test_change_has_a_small_picture_of_its_face(make_face: MakeFace) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, :, 2] = 255
    image[180:260, 280:360] = (255, 0, 0)
    faces = (make_face(box=(260, 160, 380, 280), track_id=1), make_face(track_id=2))
    changes = Changes()
    came = result(Event(CAME, 1, 1.0, "happy"), faces=faces)
    cut = cut_faces(image, came)
    assert set(cut) == {1}
    changes.add(0.0, came, cut)
    changes.add(1.0, result(Event(LEFT, 1, 2.0, "happy")), {})
    first, last = changes.after(0)
    assert first.picture == last.picture == changes.picture(1)
    picture = cv2.imdecode(np.frombuffer(first.picture or b"", np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert max(picture.shape) == PICTURE_SIDE
    middle = picture[PICTURE_SIDE // 2, PICTURE_SIDE // 2]
    assert middle[0] > 200 > 50 > middle[2]
    assert changes.picture(3) is None


def test_pictures_hold_no_part_of_the_frame_in_memory(make_face: MakeFace) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    seen = result(Event(CAME, 1, 1.0, "happy"), faces=(make_face(box=(10, 10, 40, 40)),))
    assert cut_faces(image, seen)[1].base is None


@pytest.mark.parametrize("box", [(0, 0, 20, 20), (620, 460, 640, 480), (0, 0, 640, 480), (639, 0, 640, 1)])
def test_faces_at_the_edge_are_cut_as_well(make_face: MakeFace, box: tuple[float, ...]) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    seen = result(Event(CAME, 1, 1.0, "happy"), faces=(make_face(box=box),))
    assert cut_faces(image, seen)[1].size > 0


def test_runs_differ() -> None:
    assert Changes().run != Changes().run


def test_frame_without_events_is_not_cut(make_face: MakeFace) -> None:
    frame = Frame(np.zeros((48, 64, 3), np.uint8), 0, 0.0)
    assert cut_faces(frame.image, result(faces=(make_face(),))) == {}
