from __future__ import annotations

from fer_edge.runtime.schedule import DEFAULT_EVERY, MOST_EVERY, BudgetSchedule, DetectionSchedule


def run(schedule: DetectionSchedule, frames: int) -> str:
    """Frames that are due as x, the others as a dot."""
    marks = ""
    for _ in range(frames):
        due = schedule.due()
        if due:
            schedule.done()
        marks += "x" if due else "."
    return marks


def test_every_nth_frame_is_due_from_the_first_on() -> None:
    assert run(DetectionSchedule(1), 4) == "xxxx"
    assert run(DetectionSchedule(3), 8) == "x..x..x."


def test_an_early_look_counts() -> None:
    schedule = DetectionSchedule(3)
    run(schedule, 2)
    schedule.done()
    assert run(schedule, 4) == "..x."


class Machine:
    """A clock on which a frame takes 33 ms and, of work, a share that depends on how often faces are looked for."""

    def __init__(self, detect_s: float, other_s: float) -> None:
        self.detect_s, self.other_s = detect_s, other_s
        self.now = self.used = 0.0

    def settle(self, budget: float) -> tuple[int, float]:
        """The N after a minute, and the share of a core that its last half took."""
        schedule = BudgetSchedule(budget, clock=lambda: self.now, cpu_clock=lambda: self.used)
        for frame in range(1800):
            if frame == 900:
                middle = self.used
            self.now += 1 / 30
            self.used += self.other_s
            if schedule.due():
                schedule.done()
                self.used += self.detect_s
        return schedule.every, (self.used - middle) / 30


def test_a_budget_is_held() -> None:
    every, share = Machine(detect_s=0.060, other_s=0.004).settle(0.5)
    assert 0.35 < share < 0.55
    assert 4 < every < 9


def test_a_fast_machine_looks_in_every_frame_and_a_slow_one_as_seldom_as_it_may() -> None:
    assert Machine(detect_s=0.005, other_s=0.001).settle(0.5)[0] == 1
    assert Machine(detect_s=0.200, other_s=0.030).settle(0.2)[0] == MOST_EVERY
    assert BudgetSchedule(0.5).every == DEFAULT_EVERY
