"""How fast the last frames went by: their rate, and the mean time of each stage."""

from __future__ import annotations

import time
from collections import deque

from fer_edge.runtime.results import STAGES, FrameResult

_WINDOW_S = 2.0


class Pace:
    """Looks back over the last two seconds, and over two frames at the least."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._frames: deque[tuple[float, dict[str, float]]] = deque()

    def add(self, moment: float, result: FrameResult) -> None:
        """Take one frame, which came at a moment of the monotonic clock."""
        self._frames.append((moment, result.timings_ms))
        while len(self._frames) > 2 and self._frames[0][0] < moment - _WINDOW_S:
            self._frames.popleft()

    @property
    def idle_s(self) -> float:
        """Seconds since the last frame; infinite before the first."""
        return time.monotonic() - self._frames[-1][0] if self._frames else float("inf")

    @property
    def fps(self) -> float:
        """Frames a second; 0 until there are two."""
        if len(self._frames) < 2:
            return 0.0
        seconds = self._frames[-1][0] - self._frames[0][0]
        return (len(self._frames) - 1) / seconds if seconds > 0 else 0.0

    @property
    def stages_ms(self) -> dict[str, float]:
        """The mean milliseconds of each stage that took place, per time that it did."""
        times = {stage: [each[stage] for _, each in self._frames if stage in each] for stage in STAGES}
        return {stage: sum(values) / len(values) for stage, values in times.items() if values}
