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
