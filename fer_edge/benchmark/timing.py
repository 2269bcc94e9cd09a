"""Measuring latency: warm-up apart, variants interleaved, every sample kept. No TensorFlow."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.board import board_model
from fer_edge.versions import tool_versions

WARM_UP_RUNS = 5
WARM_UP_SECONDS = 0.5
"""At least so much of both, as TFLite's benchmark_model does."""


@dataclass(frozen=True)
class Latency:
    """The time each call took.

    Attributes:
        samples_ms: float64 (rounds,), in the order they were taken, none left out.
    """

    samples_ms: npt.NDArray[np.float64]

    def percentile(self, percent: float) -> float:
        """The time, in ms, that `percent` of the calls did not exceed."""
        return float(np.percentile(self.samples_ms, percent))


def measure_interleaved(
    subjects: Mapping[str, Callable[[int], object]],
    rounds: int,
    on_progress: Callable[[int], None] | None = None,
) -> dict[str, Latency]:
    """Time every subject once a round, so that a change of the machine's pace strikes all alike.

    The garbage collector is off meanwhile.

    Args:
        subjects: By name, a call to time; it is given the round's number, to take another image by.
        rounds: How often each is timed.
        on_progress: Told how many rounds are done.
    """
    for call in subjects.values():
        _warm_up(call)
    samples = {name: np.empty(rounds, np.float64) for name in subjects}
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        for i in range(rounds):
            for name, call in subjects.items():
                began = time.perf_counter_ns()
                call(i)
                samples[name][i] = (time.perf_counter_ns() - began) / 1e6
            if on_progress is not None:
                on_progress(i + 1)
    finally:
        if was_enabled:
            gc.enable()
    return {name: Latency(values) for name, values in samples.items()}


def machine_facts() -> dict[str, Any]:
    """What the measurements were taken on, and its load as they were."""
    return {
        "machine": board_model() or platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load_average": [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else None,
        "versions": tool_versions(),
    }


def _warm_up(call: Callable[[int], object]) -> None:
    began, runs = time.perf_counter(), 0
    while runs < WARM_UP_RUNS or time.perf_counter() - began < WARM_UP_SECONDS:
        call(runs)
        runs += 1


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
