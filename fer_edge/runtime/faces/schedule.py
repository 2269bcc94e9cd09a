"""Decide in which frames to detect faces, which is most of a frame's work; in the others they are followed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

DEFAULT_EVERY = 5
MOST_EVERY = 15
"""Largest N that a budget may choose: half a second at 30 fps until a new face is seen."""

WHOLE_S = 0.22
"""Seconds after which a detection is one in the whole frame again, so that a new face is found within 0.4 s."""

_USUAL_FPS = 30.0
_ROUNDING_S = 0.001
_INTERVAL_S = 1.0
_SLACK = 0.8


class DetectionSchedule:
    """Detect in every N-th frame, and after N/30 s where frames come more slowly than 30 a second.

    A slow detector gets at most half of the time by the second rule. A detection soon after one in the whole frame is
    one around the known faces only.
    """

    def __init__(self, every: int = DEFAULT_EVERY, *, whole_s: float = WHOLE_S) -> None:
        """Begin with a detection in the first frame.

        Args:
            every: N.
            whole_s: Seconds after which a detection is one in the whole frame again; 0 for always.
        """
        if every < 1:
            raise ValueError(f"expected 1 or more, got {every}")
        self.every = every
        self._whole_s = whole_s
        self._passed = 0
        self._detected_at = self._searched_whole_at = -math.inf
        self._spent_s = 0.0

    @property
    def follows(self) -> bool:
        """True if some frames have no detection, so that faces must be followed from each to the next."""
        return self.every > 1

    def count_frame(self) -> None:
        """Count a frame, once before anything is asked about it."""
        self._passed += 1

    def is_due(self, moment: float, *, requested: bool = False) -> bool:
        """Return whether to detect in the frame that was counted last.

        Args:
            moment: Time of the frame in seconds.
            requested: True if the tracker needs a detection, whatever the schedule says.
        """
        longest_s = max(self.every / _USUAL_FPS, 2 * self._spent_s)
        return requested or self._passed >= self.every or moment - self._detected_at >= longest_s - _ROUNDING_S

    def is_whole_due(self, moment: float) -> bool:
        """Return whether a detection at `moment` in seconds must be one in the whole frame."""
        return not self.follows or moment - self._searched_whole_at > self._whole_s

    def done(self, moment: float, spent_s: float = 0.0, *, is_whole: bool = True) -> None:
        """Count from this frame on: faces have been detected in it.

        Args:
            moment: Time of the frame in seconds.
            spent_s: Seconds that the source's clock has advanced since.
            is_whole: Whether in the whole frame.
        """
        self._passed = 0
        self._detected_at = moment
        if is_whole:
            self._searched_whole_at, self._spent_s = moment, spent_s


class BudgetSchedule(DetectionSchedule):
    """Adjust N so that the whole process uses a given share of one core."""

    def __init__(
        self,
        budget: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.process_time,
    ) -> None:
        """Begin with the default N.

        Args:
            budget: Share of one core's time, above 0.
            clock: Returns real time in seconds.
            cpu_clock: Returns the processor time of all threads of the process in seconds.
        """
        super().__init__()
        self._budget = budget
        self._clock, self._cpu_clock = clock, cpu_clock
        self._since, self._cpu_since = clock(), cpu_clock()

    def count_frame(self) -> None:
        """Count a frame, and adjust N once a second."""
        elapsed = self._clock() - self._since
        if elapsed >= _INTERVAL_S:
            used = (self._cpu_clock() - self._cpu_since) / elapsed
            self._since, self._cpu_since = self._clock(), self._cpu_clock()
            if used > self._budget:
                self.every = min(self.every + 1, MOST_EVERY)
            elif used < _SLACK * self._budget:
                self.every = max(self.every - 1, 1)
        super().count_frame()
