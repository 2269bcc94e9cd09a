"""Measuring latency: warm-up apart, subjects in turns, every call counted, no percentile that too few calls support."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from math import comb

import numpy as np
import numpy.typing as npt

from fer_edge.benchmark.results import Timing

WARM_UP_RUNS = 5
WARM_UP_S = 0.5
"""Of each subject, at least so much of both; TFLite's benchmark_model asks for 1 run and 0.5 s."""

WINDOWS = 5

SAMPLES_KEPT = 2000
"""Of a run's calls: ten minutes have millions, which would make a report of 80 MB."""

_CONFIDENCE = 0.99
_SLOWER = 1
"""How many calls above a percentile MLPerf's rule waits for at least."""


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes:
        name: As the report calls it.
        rounds: Timed calls of each subject, at least.
        seconds: That all subjects' timed calls take together, at least.
    """

    name: str
    rounds: int
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.seconds < 0:
            raise ValueError(f"expected at least one round and 0 s, got {self.rounds} and {self.seconds}")


QUICK = Effort("quick", rounds=50, seconds=1)
"""As much as TFLite's benchmark_model."""
DEFAULT = Effort("default", rounds=700)
"""Enough for p99."""
SUSTAINED = Effort("sustained", rounds=50, seconds=600)
"""Long enough for a small board to reach its final temperature."""


def measure_interleaved(
    calls: Mapping[str, Callable[[int], object]],
    effort: Effort,
    on_progress: Callable[[float], None] | None = None,
    *,
    in_a_row: int = 1,
) -> dict[str, Timing]:
    """Time every subject in turn, again and again, so that a change of the machine's pace strikes all alike.

    Each is warmed up first. The garbage collector is off meanwhile. A call finds in the processor's caches what the one
    before left there, as on a device, where a camera's frame comes between two calls; so times are longer than those of
    one subject alone, called again and again. Each round has an order of its own: after a Keras model with 23 MB of
    weights the same small file took 1.7 times as long as after another small one, which no subject shall have to
    bear each time.

    Args:
        calls: By name, a call to time; it is given the number of the round, to take another image by.
        effort: How long.
        on_progress: Told the share of the work that is done, 0..1, between rounds.
        in_a_row: How many calls a turn has. More than one suits interpreters whose idle threads keep spinning for a
            while, and so disturb the first calls of whoever comes next.

    Raises:
        KeyboardInterrupt: If Ctrl-C came; nothing is left changed.
    """
    for call in calls.values():
        _warm_up(call)
    samples: dict[str, list[int]] = {name: [] for name in calls}
    names, order = list(calls), random.Random(0)
    with _no_garbage_collection():
        began = time.perf_counter()
        for first in count(step=in_a_row):
            done = _share(effort, first, time.perf_counter() - began)
            if on_progress is not None:
                on_progress(done)
            if done >= 1:
                break
            order.shuffle(names)
            for name in names:
                call = calls[name]
                for i in range(first, first + in_a_row):
                    start = time.perf_counter_ns()
                    call(i)
                    samples[name].append(time.perf_counter_ns() - start)
    return {name: summarize(np.array(values) / 1e6) for name, values in samples.items()}


def summarize(samples_ms: npt.NDArray[np.float64]) -> Timing:
    """Percentiles and windows of the calls' times, float64 (calls,), in the order they were made.

    Raises:
        ValueError: If there is none.
    """
    if not len(samples_ms):
        raise ValueError("expected at least one call's time, got none")
    windows = [float(np.median(part)) for part in np.array_split(samples_ms, min(WINDOWS, len(samples_ms)))]
    p90, p95, p99 = (
        float(np.percentile(samples_ms, percent)) if len(samples_ms) >= calls_needed(percent / 100) else None
        for percent in (90, 95, 99)
    )
    kept = np.linspace(0, len(samples_ms) - 1, min(SAMPLES_KEPT, len(samples_ms))).round().astype(int)
    return Timing(
        calls=len(samples_ms),
        total_ms=float(samples_ms.sum()),
        samples_ms=tuple(samples_ms[kept].tolist()),
        p50=float(np.median(samples_ms)),
        p90=p90,
        p95=p95,
        p99=p99,
        longest=float(samples_ms.max()),
        windows_ms=tuple(windows),
        spread=max(windows) / min(windows) - 1,
    )


def calls_needed(quantile: float) -> int:
    """From how many calls on a quantile can be told: 64 for 0.9, 130 for 0.95, 662 for 0.99.

    This is the rule by which MLPerf Inference ends a run early (its rules' appendix on the early stopping criterion):
    if a smaller share than `quantile` of all calls were as fast, then no more than one slower call among so many would
    have a probability of 0.01 or less.
    """
    return next(calls for calls in count(_SLOWER + 1) if _chance_of_few(calls, 1 - quantile) <= 1 - _CONFIDENCE)


def _chance_of_few(calls: int, share: float) -> float:
    """Of at most `_SLOWER` slow ones among `calls` of which each is slow with the probability `share`: binomial."""
    return sum(comb(calls, slow) * share**slow * (1 - share) ** (calls - slow) for slow in range(_SLOWER + 1))


def _share(effort: Effort, rounds: int, seconds: float) -> float:
    return min(rounds / effort.rounds, seconds / effort.seconds if effort.seconds else 1.0, 1.0)


def _warm_up(call: Callable[[int], object]) -> None:
    began, runs = time.perf_counter(), 0
    while runs < WARM_UP_RUNS or time.perf_counter() - began < WARM_UP_S:
        call(runs)
        runs += 1


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
