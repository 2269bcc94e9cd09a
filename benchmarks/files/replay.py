"""Times that were taken already, handed to pytest-benchmark for its tables, its storage and its comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from fer_edge.benchmark.results import Timing


class Replay:
    """A clock that moves on by one of the given times whenever it is read twice.

    pytest-benchmark times one subject after another, and so would hit one alone with a busy moment. The subjects are
    timed in turns instead, and it reads what came of that off this clock: mark the test with `timer=replay.time`.
    """

    def __init__(self) -> None:
        self._readings: Iterator[float] = iter(())

    def time(self) -> float:
        """The next reading, in seconds."""
        return next(self._readings)

    def feed(self, benchmark: Any, timing: Timing, facts: dict[str, Any]) -> None:
        """Let the `benchmark` fixture see every call of a subject.

        Args:
            benchmark: Of a test that is marked with this clock.
            timing: The calls.
            facts: What its storage keeps beside them.
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
"""The mark of a test that calls `REPLAY.feed`."""
