from __future__ import annotations

import itertools

import numpy as np
import pytest

from fer_edge.benchmark.report.disc_numbers import HEIGHT, place_numbers

AREA = (0.0, 0.0, 400.0, 300.0)


def test_number_of_a_lone_disc_is_at_its_right() -> None:
    ((x, y, is_far),) = place_numbers([(100, 100)], [10], AREA)
    assert (x, y, is_far) == (119, 100, False)


@pytest.mark.parametrize("count", [2, 30, 100])
@pytest.mark.parametrize("spread", [0.0, 5.0, 120.0])
def test_numbers_overlap_neither_each_other_nor_leave_the_chart(count: int, spread: float) -> None:
    rng = np.random.default_rng(3)
    centres = [(200 + spread * rng.normal(), 150 + spread * rng.normal() / 2) for _ in range(count)]
    centres = [(min(max(x, 0), 400), min(max(y, 0), 300)) for x, y in centres]
    places = place_numbers(centres, [8.0] * count, AREA)
    for one, other in itertools.combinations(places, 2):
        assert abs(one.y - other.y) >= HEIGHT - 1e-9 or abs(one.x - other.x) >= 9
    assert all(0 < place.x < 400 and 0 < place.y < 300 for place in places)
