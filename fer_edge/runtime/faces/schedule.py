"""In which frames faces are looked for, which is most of a frame's work; in the others they are followed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

DEFAULT_EVERY = 5
MOST_EVERY = 15
"""Half a second at 30 frames a second, until a new face is seen."""

_USUAL_FPS = 30.0
_ROUNDING_S = 0.001
_INTERVAL_S = 1.0
_SLACK = 0.8


class DetectionSchedule:
    """Every N-th frame, and after N/30 s where frames come more slowly than 30 a second.

    A detector that is slow itself takes half of the time at most on account of the second rule.
    """

    def __init__(self, every: int = DEFAULT_EVERY) -> None:
        """Begin with the next frame; `every` is N."""
        if every < 1:
            raise ValueError(f"expected 1 or more, got {every}")
        self.every = every
        self._passed = every
        self._looked_at = -math.inf
        self._spent_s = 0.0

    def due(self, moment: float) -> bool:
        """Count a frame, and return whether to look for faces in it; `moment` is its time in seconds."""
        self._passed += 1
        longest_s = max(self.every / _USUAL_FPS, 2 * self._spent_s)
        return self._passed >= self.every or moment - self._looked_at >= longest_s - _ROUNDING_S

    def done(self, moment: float, spent_s: float = 0.0) -> None:
        """Count from here: faces have been looked for, due or not.

        Args:
            moment: Time of the frame in seconds.
            spent_s: How far the source's clock has gone on since.
        """
        self._passed = 0
        self._looked_at = moment
        self._spent_s = spent_s


class BudgetSchedule(DetectionSchedule):
    """An N that holds the whole process to a share of one core."""

    def __init__(
        self,
        budget: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        """Begin with the default N.

        Args:
            budget: Of one core's time, above 0.
            clock: Seconds of real time.
            cpu_clock: Seconds of work by all of the process' threads.
        """
        super().__init__()
        self._budget = budget
        self._clock, self._cpu_clock = clock, cpu_clock
        self._since, self._cpu_since = clock(), cpu_clock()

    def due(self, moment: float) -> bool:
        """Count a frame, once a second with a look at the clocks."""
        elapsed = self._clock() - self._since
        if elapsed >= _INTERVAL_S:
            used = (self._cpu_clock() - self._cpu_since) / elapsed
            self._since, self._cpu_since = self._clock(), self._cpu_clock()
            if used > self._budget:
                self.every = min(self.every + 1, MOST_EVERY)
            elif used < _SLACK * self._budget:
                self.every = max(self.every - 1, 1)
        return super().due(moment)
