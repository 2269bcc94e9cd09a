"""Ticks of a video's time axis, and the precision of its times."""

from __future__ import annotations

from fer_edge.number_format import clock

_MOST_TICKS = 7
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 36000, 86400)


def places_for(duration_s: float) -> int:
    """Return the decimals with which times in a video of this duration are told apart."""
    return 1 if duration_s < 600 else 0


def ticks(duration_s: float) -> dict[float, str]:
    """Return round times from 0 on and their text, at most eight, for an axis of `duration_s` seconds."""
    step = next((step for step in _STEPS_S if duration_s / step <= _MOST_TICKS), duration_s / _MOST_TICKS)
    places = 1 if step < 1 else 0
    return {i * step: clock(i * step, places) for i in range(int(duration_s / step + 1e-9) + 1)}
