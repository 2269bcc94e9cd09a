from __future__ import annotations

import numpy as np
import pytest

from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, MOST_EVERY, BudgetSchedule, DetectionSchedule


def run(schedule: DetectionSchedule, frames: int, fps: float = 30) -> str:
    """Return an x for each frame that is due, and a dot for each other."""
    return run_at(schedule, [n / fps for n in range(frames)])


def run_at(schedule: DetectionSchedule, moments: list[float], spent_s: float = 0) -> str:
    marks = ""
    for moment in moments:
        schedule.count_frame()
        due = schedule.is_due(moment)
        if due:
            schedule.done(moment, spent_s)
        marks += "x" if due else "."
    return marks


def test_every_nth_frame_is_due_from_the_first_on() -> None:
    assert run(DetectionSchedule(1), 4) == "xxxx"
    assert run(DetectionSchedule(3), 8) == "x..x..x."


def test_an_early_detection_restarts_the_count() -> None:
    schedule = DetectionSchedule(3)
    run_at(schedule, [0, 0.033])
    schedule.done(0.033)
    assert run_at(schedule, [0.067, 0.1, 0.133, 0.167]) == "..x."


@pytest.mark.parametrize(
    ("fps", "marks"),
    [
        (60, "x....x....x."),
        (30, "x....x....x."),
        (25, "x....x....x."),
        (15, "x..x..x..x.."),
        (10, "x.x.x.x.x.x."),
        (5, "xxxxxxxxxxxx"),
        (1, "xxxxxxxxxxxx"),
    ],
)
def test_a_frame_is_due_by_seconds_at_a_low_frame_rate(fps: float, marks: str) -> None:
    assert run(DetectionSchedule(5), 12, fps) == marks


@pytest.mark.parametrize("jitter_s", [0.003, 0.01, 0.02])
def test_jitter_at_30_fps_adds_no_detections(jitter_s: float) -> None:
    uneven = np.arange(3000) / 30 + np.random.default_rng(0).normal(0, jitter_s, 3000)
    assert run_at(DetectionSchedule(5), sorted(uneven.tolist())).count("x") <= 1.03 * 600


def test_a_slow_detector_takes_at_most_half_of_the_time() -> None:
    """Frames come every 0.25 s, and a detection takes as long."""
    marks = run_at(DetectionSchedule(5), [n / 4 for n in range(8)], spent_s=0.25)
    assert marks == "x.x.x.x."


class Machine:
    """A machine with 30 frames a second, whose processor time depends on how often faces are detected."""

    def __init__(self, detect_s: float, other_s: float) -> None:
        self.detect_s, self.other_s = detect_s, other_s
        self.now = self.used = 0.0

    def settle(self, budget: float) -> tuple[int, float]:
        """Return N after a minute, and the share of a core used in its second half."""
        schedule = BudgetSchedule(budget, clock=lambda: self.now, cpu_clock=lambda: self.used)
        for frame in range(1800):
            if frame == 900:
                middle = self.used
            self.now += 1 / 30
            self.used += self.other_s
            schedule.count_frame()
            if schedule.is_due(self.now):
                schedule.done(self.now)
                self.used += self.detect_s
        return schedule.every, (self.used - middle) / 30


def test_budget_is_met() -> None:
    every, share = Machine(detect_s=0.060, other_s=0.004).settle(0.5)
    assert 0.35 < share < 0.55
    assert 4 < every < 9


def test_a_fast_machine_detects_in_every_frame_and_a_slow_one_at_the_largest_n() -> None:
    assert Machine(detect_s=0.005, other_s=0.001).settle(0.5)[0] == 1
    assert Machine(detect_s=0.200, other_s=0.030).settle(0.2)[0] == MOST_EVERY
    assert BudgetSchedule(0.5).every == DEFAULT_EVERY


def search(schedule: DetectionSchedule, moments: list[float]) -> str:
    """Return a W for each frame to be searched whole, an a for one around known faces only, and a dot for none."""
    marks = ""
    for moment in moments:
        schedule.count_frame()
        mark = ("W" if schedule.is_whole_due(moment) else "a") if schedule.is_due(moment) else "."
        if mark != ".":
            schedule.done(moment, is_whole=mark == "W")
        marks += mark
    return marks


@pytest.mark.parametrize(
    ("every", "fps", "marks"),
    [
        (5, 30, "W....a....W....a....W"),
        (5, 25, "W....a....W....a....W"),
        (5, 15, "W..a..W..a.."),
        (5, 10, "W.a.W.a."),
        (5, 5, "WaWaWa"),
        (5, 4, "WWWW"),
        (2, 30, "W.a.a.a.W.a."),
        (1, 30, "WWWW"),
        (15, 30, "W..............W"),
    ],
)
def test_a_new_face_is_searched_for_within_the_limit(every: int, fps: float, marks: str) -> None:
    """Every second detection is around known faces by default; where detections are rare, none is."""
    assert search(DetectionSchedule(every), [n / fps for n in range(len(marks))]) == marks


def test_each_detection_may_be_in_the_whole_frame() -> None:
    assert search(DetectionSchedule(3, whole_s=0), [n / 30 for n in range(8)]) == "W..W..W."


def test_a_search_around_faces_that_became_whole_postpones_the_next_whole_one() -> None:
    schedule = DetectionSchedule(5)
    assert search(schedule, [n / 30 for n in range(6)]) == "W....a"
    schedule.done(5 / 30, is_whole=True)
    assert search(schedule, [n / 30 for n in range(6, 17)]) == "....a....W."


def test_the_time_of_a_slow_detector_is_that_of_a_whole_search() -> None:
    """Else the next whole search would come too soon after a quick one around the faces."""
    schedule = DetectionSchedule(5)
    schedule.done(0.0, 0.25)
    schedule.done(0.1, 0.01, is_whole=False)
    assert not schedule.is_due(0.5)
    assert schedule.is_due(0.6)
