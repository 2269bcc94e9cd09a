from __future__ import annotations

import pytest

from fer_edge.number_format import clock


@pytest.mark.parametrize(
    ("seconds", "places", "expected"),
    [
        (0, 0, "0:00"),
        (7.4, 0, "0:07"),
        (59.96, 1, "1:00.0"),
        (61.25, 1, "1:01.2"),
        (3599.6, 0, "1:00:00"),
        (3723.04, 1, "1:02:03.0"),
        (360000, 0, "100:00:00"),
    ],
)
def test_times_round_into_the_next_unit(seconds: float, places: int, expected: str) -> None:
    assert clock(seconds, places) == expected
