"""Chart of the timed calls, a band for each file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fer_edge.benchmark.report.scale import LogScale, log_scale_of, x_grid
from fer_edge.benchmark.report.table import Chart
from fer_edge.benchmark.results import Timing
from fer_edge.markup import Element, tag
from fer_edge.number_format import decimal, plural

WIDTH = 640
_LEFT, _RIGHT = 8, 632
_NAME_HEIGHT, _BAND_HEIGHT, _GAP = 18, 26, 8
_ROW_HEIGHT = _NAME_HEIGHT + _BAND_HEIGHT + _GAP


def every_call_chart(caption: str, timings: Mapping[str, Timing]) -> Chart:
    """Draw each stored call as a dot: its time from left to right, in the order of the calls from top to bottom."""
    calls = sum(timing.calls for timing in timings.values())
    medians = "; ".join(f"{name} {decimal(timing.p50, 3)} ms" for name, timing in timings.items())
    return Chart(
        caption,
        f"{plural(calls, 'call')}; medians: {medians}.",
        _drawing(timings),
        (
            f"Each dot is a call, {_share_drawn(timings)}: its time from left to right, the order of calls from top to "
            "bottom of a band. The bars are the medians of five equal stretches: a straight column means an even "
            "pace.",
        ),
    )


def _share_drawn(timings: Mapping[str, Timing]) -> str:
    most = max(timings.values(), key=lambda timing: timing.calls)
    kept = len(most.samples_ms)
    return "none left out" if kept == most.calls else f"{kept:,} of {most.calls:,}; the figures are of all"


def _drawing(timings: Mapping[str, Timing]) -> Element:
    x = log_scale_of([value for timing in timings.values() for value in timing.samples_ms], _LEFT, _RIGHT)
    bottom = _ROW_HEIGHT * len(timings)
    drawn = [tag("text", "ms", x=_RIGHT, y=bottom + 36, text_anchor="end")]
    drawn += x_grid(x, 0, bottom)
    for row, (name, timing) in enumerate(timings.items()):
        top = row * _ROW_HEIGHT + _NAME_HEIGHT
        drawn.append(tag("text", name, x=_LEFT, y=top - 4, class_="label"))
        drawn.append(tag("path", d=_dots(timing.samples_ms, x, top), class_="calls"))
        drawn.append(tag("path", d=_medians(timing.windows_ms, x, top), class_="medians"))
    return tag("svg", *drawn, viewBox=f"0 0 {WIDTH} {bottom + 44}")


def _dots(samples_ms: Sequence[float], x: LogScale, top: float) -> str:
    step = _BAND_HEIGHT / len(samples_ms)
    return "".join(f"M{x(value):.1f} {top + i * step:.1f}h0" for i, value in enumerate(samples_ms))


def _medians(windows_ms: Sequence[float], x: LogScale, top: float) -> str:
    height = _BAND_HEIGHT / len(windows_ms)
    return "".join(f"M{x(value):.1f} {top + i * height:.1f}v{height:.1f}" for i, value in enumerate(windows_ms))
