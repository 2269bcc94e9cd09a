from __future__ import annotations

from collections.abc import Callable

import pytest

from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.pace import Pace, frames_per_second
from fer_edge.runtime.sources.source import Frame

MakeResult = Callable[..., tuple[Frame, FrameResult]]


@pytest.mark.parametrize(
    ("frames", "first_s", "last_s", "fps"),
    [
        (0, 0.0, 0.0, 0.0),
        (1, 5.0, 5.0, 0.0),
        (1, 5.0, 6.0, 0.0),
        (2, 5.0, 5.0, 0.0),
        (2, 5.0, 7.0, 0.5),
        (31, 1.0, 2.0, 30.0),
    ],
)
def test_frames_per_second(frames: int, first_s: float, last_s: float, fps: float) -> None:
    assert frames_per_second(frames, first_s, last_s) == fps


def test_pace_covers_the_last_two_seconds(make_result: MakeResult) -> None:
    pace = Pace()
    assert (pace.fps, pace.stages_ms, pace.idle_s) == (0.0, {}, float("inf"))
    _, result = make_result()
    for i in range(100):
        timings_ms = {"total": 4.0} if i % 2 else {"detect": 10.0, "total": 6.0}
        pace.add(i / 20, FrameResult(i, result.time, (), timings_ms))
    assert pace.fps == pytest.approx(20)
    assert pace.stages_ms == {"detect": 10.0, "total": pytest.approx(5, abs=0.1)}


def test_breakdown_adds_up_to_the_time_from_frame_to_frame() -> None:
    pace = Pace()
    assert pace.breakdown_ms == {}
    for i in range(100):
        detection = {"detect": 10.0} if i % 2 else {}
        pace.add(i / 20, FrameResult(i, 0.0, (), {"read": 30.0, **detection, "crop": 1.0, "total": 31.0}))
    parts = pace.breakdown_ms
    assert parts == {
        "read": pytest.approx(30),
        "detect": pytest.approx(5, abs=0.2),
        "crop": pytest.approx(1),
        "other": pytest.approx(14, abs=0.2),
    }
    assert sum(parts.values()) == pytest.approx(1000 / pace.fps)


def test_stages_that_overlap_leave_nothing_over() -> None:
    pace = Pace()
    for i in range(3):
        pace.add(i / 100, FrameResult(i, 0.0, (), {"read": 11.0, "total": 0.0}))
    assert pace.breakdown_ms == {"read": 11.0, "other": 0.0}


def test_delay_is_the_mean_of_the_last_two_seconds() -> None:
    pace = Pace()
    assert pace.delay_ms is None
    for i in range(100):
        pace.add_delay(i / 20, 0.1 if i < 50 else 0.02)
    assert pace.delay_ms == pytest.approx(20)
