from __future__ import annotations

from dataclasses import asdict

import pytest
from click.testing import CliRunner

from benchmarks.steadiness.__main__ import command, grid, near_default
from benchmarks.steadiness.labels import Steadiness
from fer_edge.errors import InputError
from fer_edge.runtime.smoothing import RAW, Smoothing

RESULT = Steadiness(0.01, (0.2,), 0.1, 0.3, 0.3, 0.1)


def test_the_default_is_measured_once_among_its_neighbours() -> None:
    tried = grid()
    assert len(set(tried)) == len(tried)
    shown = list(near_default(dict.fromkeys(tried, RESULT)))
    assert shown[:2] == [RAW, Smoothing()]
    for one in shown[2:]:
        assert sum(asdict(one)[name] != value for name, value in asdict(Smoothing()).items()) == 1


def test_images_without_votes_are_refused() -> None:
    with pytest.raises(InputError, match="expected images with people's votes"):
        CliRunner().invoke(command, ["--data", "synthetic"], catch_exceptions=False)
