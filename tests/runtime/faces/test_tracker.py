"""Who is who, told from boxes alone."""

from __future__ import annotations

import numpy as np
import pytest

from fer_edge.runtime.faces.detector import Face
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.faces.tracker import Tracker

STILL = np.array([[1, 0, 0], [0, 1, 0]], np.float64)


def found(left: float, confidence: float = 0.9, width: float = 100) -> Face:
    """A face 100 pixels wide."""
    box = np.array([left, 0, left + width, width], np.float32)
    return Face(box, confidence, np.zeros((5, 2), np.float32))


@pytest.fixture
def tracker() -> Tracker:
    return Tracker(("happy", "sad"), Smoothing(), hold_s=0.5, forget_s=2.0)


def shown(tracker: Tracker, time: float) -> dict[int, float]:
    """The left edge of each face that counts, by its number."""
    return {track.track_id: float(track.face.box_xyxy[0]) for track in tracker.shown(time)}


def test_faces_keep_their_numbers_whatever_their_order(tracker: Tracker) -> None:
    tracker.update([found(0), found(300)], 0.0)
    tracker.update([found(310), found(20)], 0.1)
    assert shown(tracker, 0.1) == {1: 20, 2: 310}


def test_a_face_far_away_is_another(tracker: Tracker) -> None:
    tracker.update([found(0)], 0.0)
    tracker.update([found(300)], 0.1)
    assert shown(tracker, 0.1) == {1: 0, 2: 300}
    tracker.update([found(300)], 0.6)
    assert shown(tracker, 0.6) == {2: 300}


def test_a_face_is_held_until_it_is_looked_for(tracker: Tracker) -> None:
    tracker.update([found(0)], 0.0)
    assert tracker.forget(9.0) == []
    assert shown(tracker, 9.0) == {1: 0}
    tracker.update([], 9.0)
    assert shown(tracker, 9.0) == {}


def test_a_face_that_is_followed_is_held_past_one_miss(tracker: Tracker) -> None:
    """As between two looks that are seconds apart."""
    tracker.update([found(0)], 0.0)
    tracker.move([STILL])
    tracker.update([], 1.0)
    tracker.move([STILL])
    assert shown(tracker, 1.5) == {1: 0}
    tracker.update([], 2.0)
    assert shown(tracker, 2.0) == {}


def test_a_face_that_cannot_be_followed_is_not_held_past_a_late_miss(tracker: Tracker) -> None:
    tracker.update([found(0)], 0.0)
    tracker.move([None])
    tracker.move([STILL])
    tracker.update([], 1.0)
    assert shown(tracker, 1.0) == {}


@pytest.mark.parametrize(
    ("left", "width", "seconds", "track_id"),
    [(200, 100, 1.0, 1), (80, 100, 0.25, 1), (200, 100, 0.2, 2), (300, 100, 1.0, 2), (200, 40, 1.0, 2)],
    ids=["seldom", "a-little", "too-fast", "too-far", "of-another-size"],
)
def test_a_face_that_moved_between_two_frames(
    tracker: Tracker, left: float, width: float, seconds: float, track_id: int
) -> None:
    """Where frames come seldom, it has left its place and is the same within a person's speed."""
    tracker.update([found(0)], 0.0)
    tracker.update([found(left, width=width)], seconds)
    assert max(track.track_id for track in tracker.shown(seconds)) == track_id


def test_the_nearer_of_two_faces_goes_on(tracker: Tracker) -> None:
    tracker.update([found(0), found(300)], 0.0)
    tracker.update([found(440), found(140)], 1.0)
    assert shown(tracker, 1.0) == {1: 140, 2: 440}


def test_a_face_that_comes_back_to_its_place_is_the_same(tracker: Tracker) -> None:
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


def test_a_doubtful_face_counts_from_the_second_time(tracker: Tracker) -> None:
    tracker.update([found(0, confidence=0.75)], 0.0)
    assert (tracker.needs_detection, shown(tracker, 0.0)) == (True, {})
    tracker.update([found(5, confidence=0.75)], 0.1)
    assert (tracker.needs_detection, shown(tracker, 0.1)) == (False, {1: 5})


def test_a_face_that_moves_over_a_lost_ones_place_stays_itself(tracker: Tracker) -> None:
    """Else the lost one would take its face and leave it behind as a second one, which is nobody's."""
    tracker.update([found(300)], 0.0)
    tracker.update([found(200 - 15)], 0.1)  # too far away, so a new one
    for step in range(1, 12):
        tracker.update([found(185 + 15 * step)], 0.1 + 0.1 * step)
    assert shown(tracker, 1.2) == {2: 350}


def test_numbers_are_not_used_again(tracker: Tracker) -> None:
    tracker.update([found(0), found(300)], 0.0)
    assert [track.track_id for track in tracker.clear()] == [1, 2]
    tracker.update([found(0)], 0.1)
    assert shown(tracker, 0.1) == {3: 0}
