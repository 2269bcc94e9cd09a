"""Frames per second, delay, and the mean time of each stage over the last frames."""

from __future__ import annotations

import time
from collections import deque

from fer_edge.runtime.results import STAGES, FrameResult

_WINDOW_S = 2.0


def frames_per_second(frames: int, first_s: float, last_s: float) -> float:
    """Return the rate of frames, the first and last of which came at two moments of one clock; 0.0 for fewer than two.

    The time before the first frame does not count, so n frames are n - 1 intervals.
    """
    seconds = last_s - first_s
    return (frames - 1) / seconds if frames > 1 and seconds > 0 else 0.0


class Pace:
    """Rate and stage times of the frames of the last two seconds; of the last two frames if they are older."""

    def __init__(self) -> None:
        """Start without frames."""
        self._frames: deque[tuple[float, dict[str, float]]] = deque()
        self._delays: deque[tuple[float, float]] = deque()

    def add(self, moment: float, result: FrameResult) -> None:
        """Add a frame that came at `moment`, in seconds of `time.monotonic()`."""
        self._frames.append((moment, result.timings_ms))
        while len(self._frames) > 2 and self._frames[0][0] < moment - _WINDOW_S:
            self._frames.popleft()

    def add_delay(self, moment: float, delay_s: float) -> None:
        """Add the age of a frame whose result was sent at `moment`, in seconds of `time.monotonic()`."""
        self._delays.append((moment, delay_s))
        while len(self._delays) > 1 and self._delays[0][0] < moment - _WINDOW_S:
            self._delays.popleft()

    @property
    def delay_ms(self) -> float | None:
        """Mean age of a frame when its result was sent, in milliseconds; `None` before the first."""
        return 1000 * sum(delay for _, delay in self._delays) / len(self._delays) if self._delays else None

    @property
    def idle_s(self) -> float:
        """Seconds since the last frame; infinite before the first."""
        return time.monotonic() - self._frames[-1][0] if self._frames else float("inf")

    @property
    def fps(self) -> float:
        """Frames per second; 0.0 before the second frame."""
        if not self._frames:
            return 0.0
        return frames_per_second(len(self._frames), self._frames[0][0], self._frames[-1][0])

    @property
    def stages_ms(self) -> dict[str, float]:
        """Mean milliseconds of each stage, over the frames in which it took place."""
        times = {stage: [each[stage] for _, each in self._frames if stage in each] for stage in STAGES}
        return {stage: sum(values) / len(values) for stage, values in times.items() if values}

    @property
    def breakdown_ms(self) -> dict[str, float]:
        """Mean milliseconds from one frame to the next: each stage over all frames, and `other`, which is the rest."""
        stages = [stage for stage in STAGES if stage != "total" and any(stage in each for _, each in self._frames)]
        means = {stage: sum(each.get(stage, 0.0) for _, each in self._frames) / len(self._frames) for stage in stages}
        rest = 1000 / self.fps - sum(means.values()) if self.fps else 0.0
        return {**means, "other": max(rest, 0.0)} if means else {}
