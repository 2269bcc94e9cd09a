from __future__ import annotations

import math

import numpy as np
import pytest

from fer_edge.runtime.sources.recording_clock import RecordingClock, even_fps

NO_TIME_MS = -9.223372036854776e16
"""What OpenCV 4.8 reads for a frame without a time."""


@pytest.mark.parametrize(
    ("shown_ms", "positions_s"),
    [
        ([0, 100, 200], [0, 0.1, 0.2]),
        ([0, 33, 1033, 5000], [0, 0.033, 1.033, 5]),
        ([1400, 1433, 1467], [0, 0.033, 0.067]),
        ([0, 0, 0, 0], [0, 0.1, 0.2, 0.3]),
        ([0, math.nan, math.inf, 250], [0, 0.1, 0.2, 0.25]),
        ([NO_TIME_MS, NO_TIME_MS + 96, NO_TIME_MS + 192], [0, 0.1, 0.2]),
        ([66, 100, 133, 0, 0], [0, 0.034, 0.067, 0.167, 0.267]),
        ([0, 66, 33, 200], [0, 0.066, 0.166, 0.2]),
        ([0, 4000, 0, 500, 1000], [0, 4, 4.1, 4.2, 4.7]),
        ([0, 3_600_000], [0, 3600]),
    ],
    ids=[
        "constant",
        "variable",
        "begins-late",
        "no-times",
        "not-numbers",
        "no-times-in-opencv-4.8",
        "last-frames-without-a-time",
        "out-of-order",
        "two-files-joined",
        "an-hours-hole",
    ],
)
def test_positions_follow_the_times_and_only_increase(shown_ms: list[float], positions_s: list[float]) -> None:
    clock = RecordingClock(fps=10)
    assert [clock.position_s(each) for each in shown_ms] == pytest.approx(positions_s)


def test_without_times_and_rate_30_fps_are_assumed() -> None:
    clock = RecordingClock(fps=None)
    assert [clock.position_s(0) for _ in range(31)][-1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("intervals_ms", "nominal_fps", "fps"),
    [
        ([], 25, 25),
        ([], None, None),
        ([40] * 10, 25, 25),
        ([33, 34, 33] * 20, 30, 30),
        ([33, 34, 33] * 20, None, 30),
        ([33, 34, 33, 33, 34, 33, 34, 33] * 12, 29.97, 30000 / 1001),
        ([200] * 44, 5.094, 5),
        ([80] * 20, 12.5, 12.5),
        ([1000 / 30] * 29 + [1000] * 60, 1.5, 30),
        ([1000 / 30] * 44 + [10_000] + [1000 / 30] * 44, 6.92, 30),
        ([30_000] * 5, 1 / 30, 1 / 30),
        ([1] * 50, None, 240),
    ],
)
def test_even_fps_is_the_rate_of_the_usual_interval(
    intervals_ms: list[float], nominal_fps: float | None, fps: float | None
) -> None:
    positions_s = np.concatenate([[0], np.cumsum(intervals_ms)]) / 1000
    assert even_fps(list(positions_s), nominal_fps) == (fps if fps is None else pytest.approx(fps, rel=1e-4))


def test_even_fps_of_a_browsers_recording_is_the_cameras() -> None:
    intervals_ms = np.random.default_rng(0).choice([29, 31, 33, 35, 37, 66], 100)
    fps = even_fps(list(np.cumsum(intervals_ms) / 1000), None)
    assert fps == pytest.approx(30, abs=1.5)
