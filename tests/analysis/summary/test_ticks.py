from __future__ import annotations

import pytest

from fer_edge.analysis.summary.ticks import ticks


@pytest.mark.parametrize("duration_s", [0.04, 0.5, 1, 7, 59, 90, 3600, 36000, 360000, 9999999])
def test_ticks_are_few_distinct_and_within(duration_s: float) -> None:
    marks = ticks(duration_s)
    assert 1 <= len(marks) <= 9
    assert all(0 <= seconds <= duration_s * 1.0001 for seconds in marks)
    assert len(set(marks.values())) == len(marks)
