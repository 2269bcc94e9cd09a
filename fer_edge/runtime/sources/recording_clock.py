"""The clock of a recording: where each frame is shown, by the presentation times that its container gives."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

FASTEST_FPS = 240.0
"""Frames a second that cameras reach; a browser's WebM says 1000, which is the unit of its times."""

_USUAL_FPS = 30.0
_JOINED_S = 1.0
"""Recordings that were put one after the other begin anew; less of a step back is a disorder of frames."""
_LATEST_S = 1e9
_NEAR = 0.25
_ROUNDING = 0.002


class RecordingClock:
    """Turns a decoder's presentation times into positions that begin at 0 and only grow."""

    def __init__(self, fps: float | None) -> None:
        """Begin before the first frame; `fps` are the nominal frames a second, used where a frame has no time."""
        self._interval_s = 1 / (fps or _USUAL_FPS)
        self._offset_s = 0.0
        self._last_s: float | None = None

    def position_s(self, shown_ms: float) -> float:
        """Return a frame's position in seconds.

        Args:
            shown_ms: `CAP_PROP_POS_MSEC` after the frame was read. Frames without a time have 0 or a huge negative
                number there, such as those of a bare H.264 stream, or the last of an AVI file with B-frames.
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
    """Choose the constant rate that suits frames at these positions best.

    Args:
        positions_s: Positions of the first frames, growing.
        nominal_fps: What the container says, which may be an average over holes.

    Returns:
        The rate of the faster intervals, those about the first quartile, as of a recording whose rate drops. Times are
        often rounded to milliseconds, so a whole number, one of NTSC's rates or the nominal one is taken if it is near.
    """
    intervals_s = np.diff(positions_s)
    if not len(intervals_s):
        return nominal_fps
    usual_s = float(np.quantile(intervals_s, 0.25))
    rate = 1 / float(intervals_s[abs(intervals_s - usual_s) <= _NEAR * usual_s].mean())
    known = [round(rate), round(rate * 1.001) / 1.001, nominal_fps or 0.0]
    nearest = min(known, key=lambda each: abs(each - rate))
    return min(nearest if abs(nearest - rate) <= _ROUNDING * rate else rate, FASTEST_FPS)
