"""Scales of a chart's axes, and their ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fer_edge.markup import Element, tag

_LEAST = 1e-4


@dataclass(frozen=True)
class LogScale:
    """Maps values `low`..`high`, above 0, to positions `start`..`end` logarithmically."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the value's position."""
        part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return 1, 2 and 5 times each power of ten; only the powers on a long scale, linear ticks on a short one."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1, 2, 5) if len(powers) <= 4 else (1,)
        values = [step * 10.0**power for power in powers for step in steps]
        within = [value for value in values if self.low <= value <= self.high]
        return within if len(within) > 1 else LinearScale(self.low, self.high, 0, 1).ticks()


@dataclass(frozen=True)
class LinearScale:
    """Maps values `low`..`high` to positions `start`..`end` linearly."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the value's position."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return at most eight round values."""
        power = 10.0 ** math.floor(math.log10(self.high - self.low)) / 10
        step = next(s * power for s in (1, 2, 5, 10, 20, 50) if (self.high - self.low) / (s * power) <= 7)
        return [i * step for i in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def x_grid(x: LogScale, top: float, bottom: float) -> list[Element]:
    """Return a vertical line and a number for each tick of a horizontal axis, from `top` to `bottom`."""
    drawn = []
    for value in x.ticks():
        drawn.append(tag("line", x1=x(value), x2=x(value), y1=top, y2=bottom, class_="grid"))
        drawn.append(tag("text", f"{value:g}", x=x(value), y=bottom + 18, text_anchor="middle"))
    return drawn


def log_scale_of(values: list[float], start: float, end: float) -> LogScale:
    """Return a scale of all `values` with a margin; a coarse clock's 0 lies at its start."""
    return LogScale(max(min(values), _LEAST) / 1.25, max(*values, _LEAST) * 1.25, start, end)
