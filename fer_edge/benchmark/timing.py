"""Latency: warm-up, interleaved calls, all of them counted, and percentiles where there are enough calls."""

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
from fer_edge.progress import OnProgress, ignore_progress

WARM_UP_RUNS = 5
WARM_UP_S = 0.5
"""Least warm-up of a subject, runs and seconds; TFLite's benchmark_model has 1 run and 0.5 s."""

WINDOWS = 5

SAMPLES_KEPT = 2000
"""Number of calls whose times are stored; ten minutes have millions, a report of 80 MB."""

_CONFIDENCE = 0.99
_SLOWER = 1
"""Least number of calls above a percentile, by MLPerf's rule."""


@dataclass(frozen=True)
class Effort:
    """Duration of a measurement.

    Attributes:
        name: Name in the report.
        rounds: Least number of timed calls of each subject.
        seconds: Least time of all subjects' timed calls together.
    """

    name: str
    rounds: int
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.seconds < 0:
            raise ValueError(f"expected at least one round and 0 s, got {self.rounds} and {self.seconds}")


QUICK = Effort("quick", rounds=50, seconds=1)
"""Effort of TFLite's benchmark_model."""
DEFAULT = Effort("default", rounds=700)
"""Effort with enough calls for p99."""
SUSTAINED = Effort("sustained", rounds=50, seconds=600)
"""Effort in which a small board reaches its final temperature."""


def measure_interleaved(
    calls: Mapping[str, Callable[[int], object]],
    effort: Effort,
    on_progress: OnProgress = ignore_progress,
    *,
    in_a_row: int = 1,
) -> dict[str, Timing]:
    """Time all subjects in turns, so that a change of the machine's pace affects all alike.

    Each is warmed up first, and the garbage collector is off. A call finds the caches as the previous subject left
    them, as on a device, where a camera's frame comes between two calls; so times are longer than those of one subject
    in a loop. Each round has another order: after a Keras model with 23 MB of weights a small file took 1.7 times as
    long as after another small one.

    Args:
        calls: Call to time by name; its argument is the number of the round, which selects the image.
        effort: Duration of a measurement.
        on_progress: Called between rounds with the share that is done, 0..1.
        in_a_row: Calls in a turn. More than one suits interpreters whose idle threads keep spinning and disturb the
            first calls of the next subject.

    Raises:
        KeyboardInterrupt: On Ctrl-C; the garbage collector is on again.
    """
    for call in calls.values():
        _warm_up(call)
    samples: dict[str, list[int]] = {name: [] for name in calls}
    names, order = list(calls), random.Random(0)
    with _no_garbage_collection():
        began = time.perf_counter()
        for first in count(step=in_a_row):
            done = _share(effort, first, time.perf_counter() - began)
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
    """Return percentiles and windows of the calls' times, float64 (calls,), ms, in the order of the calls.

    Raises:
        ValueError: If there is no call.
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
    """Return the least number of calls that give a quantile: 64 for 0.9, 130 for 0.95, 662 for 0.99.

    This is the early stopping criterion of MLPerf Inference: if less than a share `quantile` of all calls were as fast,
    at most one slower call among so many would have a probability of at most 0.01.
    """
    return next(calls for calls in count(_SLOWER + 1) if _chance_of_few(calls, 1 - quantile) <= 1 - _CONFIDENCE)


def _chance_of_few(calls: int, share: float) -> float:
    """Return the binomial probability of at most `_SLOWER` slow calls, each slow with the probability `share`."""
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
