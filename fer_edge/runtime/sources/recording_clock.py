"""Clock of a recording: the position of each frame, by the presentation times in its container."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

FASTEST_FPS = 240.0
"""Highest frame rate of a camera; a browser's WebM states 1000, which is the unit of its times."""

_USUAL_FPS = 30.0
_JOINED_S = 1.0
"""Least step back at which a joined recording begins; a smaller one means frames out of order."""
_LATEST_S = 1e9
_NEAR = 0.25
_ROUNDING = 0.002


class RecordingClock:
    """Converts a decoder's presentation times to positions that begin at 0 and only increase."""

    def __init__(self, fps: float | None) -> None:
        """Begin before the first frame; `fps` is the nominal rate, used where a frame has no time."""
        self._interval_s = 1 / (fps or _USUAL_FPS)
        self._offset_s = 0.0
        self._last_s: float | None = None

    def position_s(self, shown_ms: float) -> float:
        """Return a frame's position in seconds.

        Args:
            shown_ms: `CAP_PROP_POS_MSEC` after the frame was read. 0 or a huge negative number means no time, as in a
                bare H.264 stream, or in the last frames of an AVI file with B-frames.
        """
        shown_s = shown_ms / 1000
        is_known = math.isfinite(shown_s) and abs(shown_s) < _LATEST_S
        if self._last_s is None:
            self._last_s, self._offset_s = 0.0, shown_s if is_known else 0.0
            return self._last_s
        position_s, next_s = shown_s - self._offset_s, self._last_s + self._interval_s
        if not is_known or shown_s == 0:
            position_s = next_s
        elif position_s <= self._last_s:
            if position_s < self._last_s - _JOINED_S:
                self._offset_s = shown_s - next_s
            position_s = next_s
        self._last_s = position_s
        return position_s


def even_fps(positions_s: Sequence[float], nominal_fps: float | None) -> float | None:
    """Return the constant frame rate that fits frames at these positions best.

    Args:
        positions_s: Positions of the first frames in seconds, increasing.
        nominal_fps: Rate in the container, which may be an average over holes.

    Returns:
        The rate of the intervals near the first quartile, as the rate of a recording may drop. Times are often rounded
        to milliseconds, so the nearest whole number, NTSC rate or the nominal rate is returned if it is close.
    """
    intervals_s = np.diff(positions_s)
    if not len(intervals_s):
        return nominal_fps
    usual_s = float(np.quantile(intervals_s, 0.25))
    rate = 1 / float(intervals_s[abs(intervals_s - usual_s) <= _NEAR * usual_s].mean())
    known = [round(rate), round(rate * 1.001) / 1.001, nominal_fps or 0.0]
    nearest = min(known, key=lambda each: abs(each - rate))
    return min(nearest if abs(nearest - rate) <= _ROUNDING * rate else rate, FASTEST_FPS)
