from __future__ import annotations

import numpy as np
import pytest

from fer_edge.runtime.faces.detector import Face
from fer_edge.runtime.faces.tracker import Tracker

STILL = np.array([[1, 0, 0], [0, 1, 0]], np.float64)


def found(left: float, confidence: float = 0.9, width: float = 100) -> Face:
    """Return a face, 100 pixels wide unless told otherwise."""
    box = np.array([left, 0, left + width, width], np.float32)
    return Face(box, confidence, np.zeros((5, 2), np.float32))


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(("happy", "sad"), hold_s=0.5, forget_s=2.0)


def shown(tracker: Tracker, time: float) -> dict[int, float]:
    """Return the left edge of each face that is shown, by its number."""
    return {track.track_id: float(track.face.box_xyxy[0]) for track in tracker.shown(time)}


def test_faces_keep_their_numbers_in_any_order(tracker: Tracker) -> None:
    tracker.update([found(0), found(300)], 0.0)
    tracker.update([found(310), found(20)], 0.1)
    assert shown(tracker, 0.1) == {1: 20, 2: 310}


def test_a_distant_face_begins_a_new_track(tracker: Tracker) -> None:
    tracker.update([found(0)], 0.0)
    tracker.update([found(300)], 0.1)
    assert shown(tracker, 0.1) == {1: 0, 2: 300}
    tracker.update([found(300)], 0.6)
    assert shown(tracker, 0.6) == {2: 300}


def test_a_track_is_shown_until_the_next_detection(tracker: Tracker) -> None:
    tracker.update([found(0)], 0.0)
    assert tracker.forget(9.0) == []
    assert shown(tracker, 9.0) == {1: 0}
    tracker.update([], 9.0)
    assert shown(tracker, 9.0) == {}


def test_a_followed_track_is_shown_past_one_miss(tracker: Tracker) -> None:
    """Detections may be seconds apart."""
    tracker.update([found(0)], 0.0)
    tracker.move({1: STILL})
    tracker.update([], 1.0)
    tracker.move({1: STILL})
    assert shown(tracker, 1.5) == {1: 0}
    tracker.update([], 2.0)
    assert shown(tracker, 2.0) == {}


def test_a_track_that_was_lost_is_not_shown_past_a_late_miss(tracker: Tracker) -> None:
    tracker.update([found(0)], 0.0)
    tracker.move({1: None})
    tracker.move({1: STILL})
    tracker.update([], 1.0)
    assert shown(tracker, 1.0) == {}


@pytest.mark.parametrize(
    ("left", "width", "seconds", "track_id"),
    [(200, 100, 1.0, 1), (80, 100, 0.25, 1), (200, 100, 0.2, 2), (300, 100, 1.0, 2), (200, 40, 1.0, 2)],
    ids=["seldom", "a-little", "too-fast", "too-far", "of-another-size"],
)
def test_a_face_that_moved_keeps_its_number_within_a_persons_speed(
    tracker: Tracker, left: float, width: float, seconds: float, track_id: int
) -> None:
    """Where frames are rare, it has left its place."""
    tracker.update([found(0)], 0.0)
    tracker.update([found(left, width=width)], seconds)
    assert max(track.track_id for track in tracker.shown(seconds)) == track_id


def test_the_nearer_of_two_faces_continues_a_track(tracker: Tracker) -> None:
    tracker.update([found(0), found(300)], 0.0)
    tracker.update([found(440), found(140)], 1.0)
    assert shown(tracker, 1.0) == {1: 140, 2: 440}


def test_a_face_that_returns_to_its_place_keeps_its_number_until_forgotten(tracker: Tracker) -> None:
    tracker.update([found(0)], 0.0)
    tracker.update([], 1.5)
    assert tracker.forget(1.5) == []
    tracker.update([found(10)], 1.9)
    assert shown(tracker, 1.9) == {1: 10}
    tracker.update([], 3.0)
    tracker.update([], 4.0)
    (gone,) = tracker.forget(4.0)
    assert gone.track_id == 1
    tracker.update([found(10)], 4.0)
    assert shown(tracker, 4.0) == {2: 10}


def test_a_tentative_track_is_confirmed_by_the_second_detection(tracker: Tracker) -> None:
    tracker.update([found(0, confidence=0.75)], 0.0)
    assert (tracker.needs_detection, shown(tracker, 0.0)) == (True, {})
    tracker.update([found(5, confidence=0.75)], 0.1)
    assert (tracker.needs_detection, shown(tracker, 0.1)) == (False, {1: 5})


def test_a_face_that_passes_over_a_lost_track_keeps_its_number(tracker: Tracker) -> None:
    """Else the lost track would take the face, and leave it behind as a second one."""
    tracker.update([found(300)], 0.0)
    tracker.update([found(200 - 15)], 0.1)  # too far away, so a new one
    for step in range(1, 12):
        tracker.update([found(185 + 15 * step)], 0.1 + 0.1 * step)
    assert shown(tracker, 1.2) == {2: 350}


def test_numbers_are_never_used_again(tracker: Tracker) -> None:
    tracker.update([found(0), found(300)], 0.0)
    assert [track.track_id for track in tracker.clear()] == [1, 2]
    tracker.update([found(0)], 0.1)
    assert shown(tracker, 0.1) == {3: 0}


def test_a_detection_is_needed_after_a_face_is_lost_and_in_a_new_scene(tracker: Tracker) -> None:
    shape = (480, 640, 3)
    assert tracker.begin_frame(shape, 0.0) == []
    assert tracker.needs_detection
    tracker.update([found(0)], 0.0)
    for motion, needed in ((STILL, False), (None, True), (STILL, False)):
        assert tracker.begin_frame(shape, 0.1) == []
        tracker.move({1: motion})
        assert tracker.needs_detection is needed
    assert [track.track_id for track in tracker.begin_frame((240, 320, 3), 0.2)] == [1]
    assert tracker.needs_detection


@pytest.mark.parametrize(("stills", "seconds"), [(True, 0.1), (False, 11.0), (False, -1.0)])
def test_no_track_goes_on_into_an_unrelated_frame(stills: bool, seconds: float) -> None:
    tracker = Tracker(("happy", "sad"), stills=stills)
    tracker.begin_frame((480, 640, 3), 5.0)
    tracker.update([found(0)], 5.0)
    assert [track.track_id for track in tracker.begin_frame((480, 640, 3), 5.0 + seconds)] == [1]


def test_places_are_known_of_faces_that_are_confirmed_found_and_followed(tracker: Tracker) -> None:
    tracker.begin_frame((480, 640, 3), 0.0)
    assert not tracker.knows_places(0.0)
    tracker.update([found(0), found(300, confidence=0.75)], 0.0)
    assert not tracker.knows_places(0.0)  # one is tentative
    tracker.update([found(0), found(300)], 0.1)
    assert tracker.knows_places(0.1)
    tracker.move({1: STILL, 2: None})
    tracker.move({1: STILL, 2: STILL})
    assert not tracker.knows_places(0.2)  # one was lost for a moment
    tracker.update([found(0), found(300)], 0.2)
    assert tracker.knows_places(0.2)


def test_a_face_that_was_missed_is_searched_for_everywhere_while_it_is_shown(tracker: Tracker) -> None:
    tracker.begin_frame((480, 640, 3), 0.0)
    tracker.update([found(0), found(300)], 0.0)
    tracker.update([found(0)], 0.2)
    assert not tracker.knows_places(0.2)
    tracker.update([found(0)], 0.6)
    assert shown(tracker, 0.6) == {1: 0}
    assert tracker.knows_places(0.6)
    tracker.update([], 1.2)
    assert not tracker.knows_places(9.0)  # none is left
