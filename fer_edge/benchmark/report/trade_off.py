"""The chart of accuracy against latency, a disc for each file."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.benchmark.report.figures import decimal, listed, millions, plural, share
from fer_edge.benchmark.report.markup import Element, tag
from fer_edge.benchmark.report.scale import LinearScale, LogScale, log_scale_of
from fer_edge.benchmark.report.table import Chart
from fer_edge.benchmark.results import Quality, Result

WIDTH = 640
_LEFT, _RIGHT, _TOP = 44, 412, 16
_LABELS = _RIGHT + 40
_LABEL_HEIGHT = 17
_LARGEST_RADIUS = 22

Point = tuple[Result, Quality]


def trade_off_chart(results: Sequence[Result]) -> Chart | None:
    """Accuracy against the median of the model alone; `None` if no accuracy was measured.

    Args:
        results: Of different files, each in one interpreter.
    """
    points = [(result, result.quality) for result in results if result.quality is not None]
    if not points:
        return None
    front = {result.name for result in pareto_front(results)}
    largest = max(result.bytes for result, _ in points)
    return Chart(
        "Up is more accurate, left is faster",
        f"{plural(len(points), 'file')}; no other is both faster and more accurate than {listed(sorted(front))}.",
        _drawing(points, front, largest),
        (
            "Each file in the first of its interpreters in the table.",
            f"A disc's area is the file's size, the largest {millions(largest, 2)} MB; the line through it is the 95% "
            "interval of its accuracy.",
            "Filled discs, in bold, are on the Pareto front (dashed): no other file is both faster and more accurate.",
        ),
    )


def pareto_front(results: Sequence[Result]) -> list[Result]:
    """The results that no other beats in both accuracy and the model's median, the fastest first."""
    front: list[Result] = []
    best = -1.0
    measured = [(result, result.quality.accuracy) for result in results if result.quality is not None]
    for result, accuracy in sorted(measured, key=lambda pair: (pair[0].model.p50, -pair[1])):
        if accuracy > best:
            front.append(result)
            best = accuracy
    return front


def _drawing(points: list[Point], front: set[str], largest: int) -> Element:
    bottom = _TOP + max(280, _LABEL_HEIGHT * len(points))
    x = log_scale_of([result.model.p50 for result, _ in points], _LEFT, _RIGHT)
    y = _accuracy_scale([quality for _, quality in points], bottom)
    by_size = sorted(points, key=lambda point: -point[0].bytes)
    corners = [(x(r.model.p50), y(q.accuracy)) for r, q in points if r.name in front]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in sorted(corners))
    return tag(
        "svg",
        *_axes(x, y, bottom),
        tag("polyline", points=line, class_="front"),
        *(_disc(result, quality, x, y, largest, result.name in front) for result, quality in by_size),
        *_labels(points, front, x, y, bottom),
        viewBox=f"0 0 {WIDTH} {bottom + 46}",
    )


def _accuracy_scale(qualities: list[Quality], bottom: float) -> LinearScale:
    low = min(min(quality.interval[0], quality.accuracy) for quality in qualities)
    high = max(max(quality.interval[1], quality.accuracy) for quality in qualities)
    room = max(0.1 * (high - low), 0.005)
    return LinearScale(max(0.0, low - room), min(1.0, high + room), bottom, _TOP)


def _axes(x: LogScale, y: LinearScale, bottom: float) -> list[Element]:
    middle = (_LEFT + _RIGHT) / 2
    drawn = [tag("text", "median of the model alone, ms", x=middle, y=bottom + 40, text_anchor="middle")]
    for value in x.ticks():
        drawn.append(tag("line", x1=x(value), x2=x(value), y1=_TOP, y2=bottom, class_="grid"))
        drawn.append(tag("text", f"{value:g}", x=x(value), y=bottom + 18, text_anchor="middle"))
    for value in y.ticks():
        drawn.append(tag("line", x1=_LEFT, x2=_RIGHT, y1=y(value), y2=y(value), class_="grid"))
        drawn.append(tag("text", f"{100 * value:.4g}%", x=_LEFT - 6, y=y(value) + 4, text_anchor="end"))
    return drawn


def _disc(result: Result, quality: Quality, x: LogScale, y: LinearScale, largest: int, is_best: bool) -> Element:
    centre_x = x(result.model.p50)
    low, high = quality.interval
    radius = max(3.0, _LARGEST_RADIUS * (result.bytes / largest) ** 0.5)
    words = f"{result.name}: {decimal(result.model.p50, 3)} ms, {share(quality.accuracy)}"
    return tag(
        "g",
        tag("title", words),
        tag("line", x1=centre_x, x2=centre_x, y1=y(low), y2=y(high), class_="interval"),
        tag("circle", cx=centre_x, cy=y(quality.accuracy), r=radius),
        tag("circle", cx=centre_x, cy=y(quality.accuracy), r=1.5, class_="centre"),
        class_="disc best" if is_best else "disc",
    )


def _labels(points: list[Point], front: set[str], x: LogScale, y: LinearScale, bottom: float) -> list[Element]:
    # Names of files that are nearly alike would lie on each other beside their discs.
    ordered = sorted(points, key=lambda point: (round(y(point[1].accuracy) / _LABEL_HEIGHT), -point[0].model.p50))
    heights = spread_out([y(quality.accuracy) for _, quality in ordered], _LABEL_HEIGHT, bottom)
    drawn = []
    for (result, quality), height in zip(ordered, heights, strict=True):
        begin = {"x1": x(result.model.p50), "y1": y(quality.accuracy)}
        drawn.append(tag("line", **begin, x2=_LABELS - 5, y2=height, class_="leader"))
        style = "label best" if result.name in front else "label"
        drawn.append(tag("text", _shortened(result.plain_name), x=_LABELS, y=height + 4, class_=style))
    return drawn


def spread_out(wanted: list[float], distance: float, end: float) -> list[float]:
    """Positions near those wanted, in the same order, at least `distance` apart; the last no farther than `end`."""
    placed: list[float] = []
    for position in wanted:
        placed.append(max([position, *(last + distance for last in placed[-1:])]))
    limit = end
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - distance
    return placed


def _shortened(name: str) -> str:
    return name if len(name) <= 27 else f"{name[:13]}…{name[-13:]}"
