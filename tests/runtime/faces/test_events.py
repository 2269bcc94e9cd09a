from __future__ import annotations

import numpy as np

from fer_edge.runtime.faces.detector import Face
from fer_edge.runtime.faces.events import EventReporter
from fer_edge.runtime.faces.smoothing import RAW, SmoothedScores
from fer_edge.runtime.faces.tracker import Track
from fer_edge.runtime.results import Event, EventKind


def track(track_id: int, label: str = "happy") -> Track:
    face = Face(np.array([0, 0, 100, 100], np.float32), 0.9, np.zeros((5, 2), np.float32))
    one = Track(track_id, face, SmoothedScores(("happy", "sad")), 0.0, is_confirmed=True)
    one.add_scores(np.array([label == "happy", label == "sad"], np.float32), 0.0, RAW)
    return one


def test_each_event_is_reported_once() -> None:
    reporter = EventReporter()
    assert reporter.report([track(1)], [], 5.0) == (Event(EventKind.APPEARED, 1, 5.0, "happy"),)
    assert reporter.report([track(1)], [], 6.0) == ()
    assert reporter.report([track(1, "sad")], [], 7.0) == (Event(EventKind.CHANGED, 1, 7.0, "sad", "happy"),)
    assert reporter.report([], [track(1, "sad")], 8.0) == (Event(EventKind.LEFT, 1, 8.0, "sad"),)
    assert reporter.report([], [track(1, "sad")], 9.0) == ()


def test_a_track_that_was_never_shown_leaves_without_an_event() -> None:
    assert EventReporter().report([track(2)], [track(1)], 5.0) == (Event(EventKind.APPEARED, 2, 5.0, "happy"),)
