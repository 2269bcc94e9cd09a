from __future__ import annotations

import numpy as np
import pytest

from export.selection import Candidate, choose
from fer_edge.benchmark.timing import summarize


def candidate(name: str, size: int, *windows_ms: float) -> Candidate:
    """Make a candidate with these times in five windows."""
    return Candidate(name, size, summarize(np.repeat(windows_ms, 20)))


STEADY = candidate("steady", 1000, 1.0, 1.0, 1.0, 1.0, 1.0)


def test_no_candidate_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one candidate"):
        choose([])


def test_only_candidate_is_chosen() -> None:
    choice = choose([STEADY])
    assert (choice.name, choice.reason) == ("steady", "no other file passed verification")


def test_fastest_is_chosen_although_larger() -> None:
    slower = candidate("slower", 10, 1.5, 1.5, 1.5, 1.5, 1.5)
    slowest = candidate("slowest", 1, 2.0, 2.0, 2.0, 2.0, 2.0)
    choice = choose([slowest, slower, STEADY])
    assert (choice.name, choice.reason) == ("steady", "it is the fastest; the next, slower, takes 1.50 times as long")


@pytest.mark.parametrize(
    "windows_ms",
    [
        (1.05, 1.05, 1.05, 1.05, 1.05),  # too little to count
        (0.9, 1.3, 1.3, 1.3, 1.3),  # much, but not in every window
    ],
)
def test_smaller_of_equally_fast_is_chosen(windows_ms: tuple[float, ...]) -> None:
    small = candidate("small", 900, *windows_ms)
    choice = choose([STEADY, small])
    assert choice.name == "small"
    ratio = f"{small.timing.p50:.2f}"
    assert choice.reason == (
        f"it is as fast within the noise as the fastest, steady ({ratio} times its time), "
        "and smaller (900 bytes, not 1,000)"
    )


def test_disturbed_windows_do_not_change_the_choice() -> None:
    fast = candidate("fast", 1000, 1.0, 4.0, 1.0, 9.0, 1.0)
    slow = candidate("slow", 10, 1.2, 4.8, 1.2, 10.8, 1.2)
    assert fast.timing.spread > 1
    assert choose([slow, fast]).name == "fast"


@pytest.mark.parametrize("size", [1000, 2000])
def test_larger_of_equally_fast_is_not_chosen(size: int) -> None:
    same = candidate("same", size, 1.02, 1.02, 1.02, 1.02, 1.02)
    choice = choose([same, candidate("far", 1, 3.0, 3.0, 3.0, 3.0, 3.0), STEADY])
    assert choice.name == "steady"
    assert choice.reason == (
        "it is the fastest, and not larger than what is as fast within the noise: same (1.02 times its time); "
        "the next, far, takes 3.00 times as long"
    )
