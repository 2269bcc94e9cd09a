from __future__ import annotations

import gc
import time
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
import pytest

from fer_edge.benchmark import timing
from fer_edge.benchmark.timing import (
    DEFAULT,
    QUICK,
    SAMPLES_KEPT,
    SUSTAINED,
    WARM_UP_RUNS,
    WARM_UP_S,
    Effort,
    calls_needed,
    measure_interleaved,
    summarize,
)


@pytest.fixture
def brief_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "WARM_UP_S", 0.0)


@pytest.mark.parametrize(("percent", "calls"), [(90, 64), (95, 130), (99, 662)])
def test_calls_needed_for_a_percentile(percent: int, calls: int) -> None:
    assert calls_needed(percent / 100) == calls
    # In exact numbers: among that many calls, one slow one or none is unlikely; among one fewer, it is not.
    slow = Fraction(100 - percent, 100)
    chances = [sum(comb(n, k) * slow**k * (1 - slow) ** (n - k) for k in (0, 1)) for n in (calls - 1, calls)]
    assert chances[0] > Fraction(1, 100) >= chances[1]


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        (1, [False, False, False]),
        (63, [False, False, False]),
        (64, [True, False, False]),
        (129, [True, False, False]),
        (130, [True, True, False]),
        (661, [True, True, False]),
        (662, [True, True, True]),
    ],
)
def test_percentile_needs_enough_calls(calls: int, told: list[bool]) -> None:
    result = summarize(np.arange(calls, dtype=np.float64) + 1)
    assert [each is not None for each in (result.p90, result.p95, result.p99)] == told


def test_default_effort_supports_all_percentiles() -> None:
    assert calls_needed(0.99) <= DEFAULT.rounds
    assert (QUICK.rounds, QUICK.seconds) == (50, 1)
    assert SUSTAINED.seconds == 600


def test_summary_of_known_times() -> None:
    result = summarize(np.repeat(np.array([2.0, 1.0, 3.0, 2.0, 2.0]), 20))
    assert result.windows_ms == (2.0, 1.0, 3.0, 2.0, 2.0)
    assert result.spread == 2.0
    assert (result.p50, result.p90) == (2.0, 3.0)


def test_outlier_is_kept() -> None:
    samples = np.ones(700)
    samples[3] = 1e6
    result = summarize(samples)
    assert result.samples_ms == tuple(samples)
    assert (result.calls, result.total_ms, result.longest) == (700, 1_000_699, 1e6)


def test_long_run_stores_some_times_and_counts_all() -> None:
    samples = np.repeat([1.0, 3.0], 500_000)
    samples[[7, -7]] = 1e6
    result = summarize(samples)
    assert (result.calls, result.total_ms, result.longest) == (1_000_000, 3_999_996, 1e6)
    assert result.samples_ms == (1.0,) * (SAMPLES_KEPT // 2) + (3.0,) * (SAMPLES_KEPT // 2)
    assert (result.p50, result.p99, result.windows_ms) == (3.0, 3.0, (1.0, 1.0, 2.0, 3.0, 3.0))


def test_fewer_calls_than_windows_are_summarized() -> None:
    assert summarize(np.array([4.0, 2.0])).windows_ms == (4.0, 2.0)
    with pytest.raises(ValueError, match="at least one call"):
        summarize(np.array([]))


@pytest.mark.usefixtures("brief_warm_up")
@pytest.mark.parametrize("in_a_row", [1, 2])
def test_subjects_take_turns(in_a_row: int) -> None:
    calls: list[tuple[str, int]] = []
    subjects = {name: lambda i, name=name: calls.append((name, i)) for name in "ab"}
    result = measure_interleaved(subjects, Effort("test", 4), in_a_row=in_a_row)
    timed = calls[2 * WARM_UP_RUNS :]
    for first in range(0, 4, in_a_row):
        turns = [timed[2 * first + k * in_a_row :][:in_a_row] for k in range(2)]
        assert sorted(turns) == [[(name, first + i) for i in range(in_a_row)] for name in "ab"]
    assert len(timed) == 2 * 4
    assert {name: len(each.samples_ms) for name, each in result.items()} == {"a": 4, "b": 4}


@pytest.mark.usefixtures("brief_warm_up")
def test_subjects_follow_each_other_about_equally_often() -> None:
    calls: list[str] = []
    subjects = {name: lambda i, name=name: calls.append(name) for name in "abcd"}
    measure_interleaved(subjects, Effort("test", 300))
    timed = calls[4 * WARM_UP_RUNS :]
    before_a = Counter(before for before, name in pairwise(timed) if name == "a")
    assert all(60 <= before_a[name] <= 140 for name in "bcd"), before_a


def test_each_subject_is_warmed_up() -> None:
    moments: list[float] = []
    measure_interleaved({"a": lambda _: moments.append(time.perf_counter())}, Effort("test", 1))
    assert len(moments) > WARM_UP_RUNS
    assert moments[-1] - moments[0] >= 0.9 * WARM_UP_S


@pytest.mark.usefixtures("brief_warm_up")
def test_rounds_continue_until_the_seconds_are_over() -> None:
    began = time.perf_counter()
    result = measure_interleaved({"a": lambda _: time.sleep(0.001)}, Effort("test", 2, seconds=0.2))
    assert time.perf_counter() - began >= 0.2
    assert len(result["a"].samples_ms) > 2


@pytest.mark.usefixtures("brief_warm_up")
def test_progress_goes_from_0_to_1() -> None:
    told: list[float] = []
    measure_interleaved({"a": lambda _: None}, Effort("test", 8), told.append)
    assert (told[0], told[-1], len(told)) == (0, 1, 9)
    assert all(before < after for before, after in pairwise(told))


@pytest.mark.usefixtures("brief_warm_up")
def test_garbage_collector_is_off_while_timing() -> None:
    seen: list[bool] = []
    measure_interleaved({"a": lambda _: seen.append(gc.isenabled())}, Effort("test", 3))
    assert seen[WARM_UP_RUNS:] == [False] * 3
    assert gc.isenabled()


@pytest.mark.usefixtures("brief_warm_up")
def test_ctrl_c_restores_the_garbage_collector() -> None:
    def interrupt(i: int) -> None:
        if not gc.isenabled() and i == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_interleaved({"a": interrupt}, Effort("test", 5))
    assert gc.isenabled()


@pytest.mark.parametrize(("rounds", "seconds"), [(0, 0), (1, -1)])
def test_effort_without_rounds_is_rejected(rounds: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="at least one round"):
        Effort("test", rounds, seconds)
