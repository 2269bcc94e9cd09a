from __future__ import annotations

import pytest

from fer_edge.analysis.summary.clock import clock, ticks


@pytest.mark.parametrize(
    ("seconds", "places", "expected"),
    [
        (0, 0, "0:00"),
        (59.96, 1, "1:00.0"),
        (61.25, 1, "1:01.2"),
        (3599.6, 0, "1:00:00"),
        (3723.04, 1, "1:02:03.0"),
        (360000, 0, "100:00:00"),
    ],
)
def test_times_round_into_the_next_unit(seconds: float, places: int, expected: str) -> None:
    assert clock(seconds, places) == expected


@pytest.mark.parametrize("duration_s", [0.04, 0.5, 1, 7, 59, 90, 3600, 36000, 360000, 9999999])
def test_ticks_are_few_distinct_and_within(duration_s: float) -> None:
    marks = ticks(duration_s)
    assert 1 <= len(marks) <= 9
    assert all(0 <= seconds <= duration_s * 1.0001 for seconds in marks)
    assert len(set(marks.values())) == len(marks)
