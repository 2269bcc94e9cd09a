"""Recorded times, replayed to pytest-benchmark for its tables, storage and comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from fer_edge.benchmark.results import Timing


class Replay:
    """Clock whose every second reading is one recorded time later.

    pytest-benchmark times one subject after another, so a busy moment affects one alone. The subjects are timed in
    turns instead, and pytest-benchmark reads those times from this clock: mark the test with `timer=replay.time`.
    """

    def __init__(self) -> None:
        self._readings: Iterator[float] = iter(())

    def time(self) -> float:
        """Return the next reading, seconds."""
        return next(self._readings)

    def feed(self, benchmark: Any, timing: Timing, facts: dict[str, Any]) -> None:
        """Pass every stored call of a subject to the `benchmark` fixture.

        Args:
            benchmark: Fixture of a test that is marked with this clock.
            timing: Times of the calls.
            facts: Facts that pytest-benchmark stores with them.
        """
        self._readings = _readings(timing.samples_ms)
        benchmark.extra_info.update(facts)
        benchmark.pedantic(lambda: None, rounds=len(timing.samples_ms))


def _readings(samples_ms: Sequence[float]) -> Iterator[float]:
    now = 0.0
    for sample in samples_ms:
        yield now
        now += sample / 1e3
        yield now


REPLAY = Replay()
replayed = pytest.mark.benchmark(timer=REPLAY.time)
"""Mark of a test that calls `REPLAY.feed`."""
