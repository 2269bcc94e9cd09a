"""Summary of a run: frames, faces, expressions and times."""

from __future__ import annotations

import time
from collections import Counter, deque

import numpy as np

from fer_edge.runtime.results import STAGES, EventKind, FrameResult
from fer_edge.runtime.sinks.pace import frames_per_second

_NEWEST = 100_000
"""Times kept for percentiles, so that memory is bounded: one hour's at 28 frames per second."""


class Tally:
    """Counts results as they come.

    Attributes:
        advice: Added to the summary if no face was seen.
        faces: Faces of all frames together.
        persons: Faces that appeared in a stream; one that stays is counted once, and pictures count none.
    """

    def __init__(self) -> None:
        self.advice = ""
        self.frames = 0
        self.faces = 0
        self.persons = 0
        self.labels: Counter[str] = Counter()
        self._timings_ms = {stage: deque[float](maxlen=_NEWEST) for stage in STAGES}
        self._first = self._last = 0.0

    def add(self, result: FrameResult) -> None:
        """Count one frame."""
        self._last = time.monotonic()
        if self.frames == 0:
            self._first = self._last
        self.frames += 1
        self.faces += len(result.faces)
        self.persons += sum(event.kind is EventKind.APPEARED for event in result.events)
        self.labels.update(face.label for face in result.faces)
        for stage, value in result.timings_ms.items():
            self._timings_ms[stage].append(value)

    @property
    def fps(self) -> float:
        """Frames per second from the first result to the last, without the start-up."""
        return frames_per_second(self.frames, self._first, self._last)

    def percentile_ms(self, stage: str, percent: float) -> float | None:
        """Return a percentile of a stage's times in ms, or `None` if none was measured."""
        values = self._timings_ms[stage]
        return float(np.percentile(values, percent)) if values else None

    def lines(self) -> list[str]:
        """Return the summary as lines of text."""
        rate = f", {self.fps:.1f} frames/s" if self.frames > 1 else ""
        count, noun = (self.persons, "person") if self.persons else (self.faces, "face")
        lines = [f"{_counted(self.frames, 'frame')}{rate}, {_counted(count, noun)}"]
        if self.faces:
            lines.append(", ".join(f"{label} {count / self.faces:.0%}" for label, count in self.labels.most_common()))
        elif self.frames:
            advice = f". {self.advice}" if self.advice else ""
            lines.append(f"no face was seen: check that one is in view and upright{advice}")
        medians = [(stage, self.percentile_ms(stage, 50), self.percentile_ms(stage, 90)) for stage in STAGES]
        times = [f"{stage} {p50:.1f}/{p90:.1f}" for stage, p50, p90 in medians if p50 is not None and p90 is not None]
        return [*lines, f"ms (p50/p90): {', '.join(times)}"] if times else lines


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
