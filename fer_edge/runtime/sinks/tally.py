"""Summary of a run: its totals and times as text."""

from __future__ import annotations

import time
from collections import deque

import numpy as np

from fer_edge.number_format import plural, share
from fer_edge.runtime.results import STAGES, FrameResult
from fer_edge.runtime.sinks.pace import frames_per_second
from fer_edge.runtime.sinks.totals import Totals
from fer_edge.runtime.sources.source import Frame

_NEWEST = 18_000
"""Times kept of each stage for percentiles, so that memory is bounded: ten minutes' at 30 frames per second, 3 MB."""


class Tally(Totals):
    """Counts results as they come, and measures their rate and times.

    Attributes:
        advice: Added to the summary if no face was seen.
    """

    def __init__(self) -> None:
        """Start at zero."""
        super().__init__()
        self.advice = ""
        self._timings_ms = {stage: deque[float](maxlen=_NEWEST) for stage in STAGES}
        self._began = self._ended = 0.0

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Count one frame."""
        super().add(frame, result)
        self._ended = time.monotonic()
        if self.frames == 1:
            self._began = self._ended
        for stage, value in result.timings_ms.items():
            self._timings_ms[stage].append(value)

    @property
    def fps(self) -> float:
        """Frames per second from the first result to the last, without the start-up."""
        return frames_per_second(self.frames, self._began, self._ended)

    def percentile_ms(self, stage: str, percent: float) -> float | None:
        """Return a percentile of a stage's times in ms, or `None` if none was measured."""
        values = self._timings_ms[stage]
        return float(np.percentile(values, percent)) if values else None

    def lines(self) -> list[str]:
        """Return the summary as lines of text."""
        rate = f", {self.fps:.1f} frames/s" if self.frames > 1 else ""
        persons = plural(self.persons, "person" if self.appeared else "face")
        lines = [f"{plural(self.frames, 'frame')}{rate}, {persons}"]
        if self.faces:
            lines.append(", ".join(f"{label} {share(value, 0)}" for label, value in self.shares.items()))
        elif self.frames:
            advice = f". {self.advice}" if self.advice else ""
            lines.append(f"no face was seen: check that one is in view and upright{advice}")
        medians = [(stage, self.percentile_ms(stage, 50), self.percentile_ms(stage, 90)) for stage in STAGES]
        times = [f"{stage} {p50:.1f}/{p90:.1f}" for stage, p50, p90 in medians if p50 is not None and p90 is not None]
        return [*lines, f"ms (p50/p90): {', '.join(times)}"] if times else lines
