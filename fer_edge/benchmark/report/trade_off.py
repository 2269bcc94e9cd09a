"""Chart of accuracy against latency, a disc for each file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fer_edge.benchmark.accuracy import Interval
from fer_edge.benchmark.report.disc_numbers import place_numbers
from fer_edge.benchmark.report.scale import LinearScale, LogScale, log_scale_of, x_grid
from fer_edge.benchmark.report.table import Chart
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.markup import Element, tag
from fer_edge.number_format import decimal, listed, millions, plural, share, shortened

WIDTH = 640
_LEFT, _RIGHT, _TOP = 44, 412, 16
_LABELS = _RIGHT + 40
_LABEL_HEIGHT = 17
_LARGEST_RADIUS = 22

_FEWEST = 2
"""Files that can be compared."""
_MOST_LEADERS = 4
"""Files whose names are joined to their discs by lines; with more the lines would cross, so discs have numbers."""


@dataclass(frozen=True)
class _Point:
    """A file in the chart: its result, and its accuracy with the 95 % interval, 0..1."""

    result: Result
    accuracy: float
    interval: Interval


def trade_off_charts(report: Report) -> list[Chart]:
    """Draw accuracy by people's answer, where measured, then by the data set's label; none for a single file."""
    if len(_points(report.each_file, by_people=False)) < _FEWEST:
        return []
    person = report.data.one_person["accuracy"] if report.data is not None and report.data.one_person else None
    by_people = trade_off_chart(report.each_file, by_people=True, one_person=person)
    by_label = trade_off_chart(report.each_file)
    if by_people is not None and by_label is not None:
        by_label = replace(by_label, caption="Up is more accurate by the data set's label, left is faster")
    return [chart for chart in (by_people, by_label) if chart is not None]


def trade_off_chart(
    results: Sequence[Result], *, by_people: bool = False, one_person: float | None = None
) -> Chart | None:
    """Draw accuracy against the median of the model alone; `None` if no accuracy was measured.

    Args:
        results: Results of different files, each in one engine.
        by_people: Whether accuracy is by people's answer, not by the data set's label.
        one_person: Accuracy of one person by people's answer, 0..1, drawn as a line.
    """
    points = _points(results, by_people=by_people)
    if not points:
        return None
    front = {result.name for result in pareto_front(results, by_people=by_people)}
    largest = max(point.result.bytes for point in points)
    caption = "Up is more often people's answer, left is faster" if by_people else "Up is more accurate, left is faster"
    person = () if one_person is None else (f"The dotted line is one person: {share(one_person, 1)}.",)
    return Chart(
        caption,
        f"{plural(len(points), 'file')}; no other is both faster and more accurate than {listed(sorted(front))}.",
        _drawing(points, front, largest, one_person),
        (
            "Each file in its preferred engine, the first in the table.",
            f"A disc's area is the file's size, the largest {millions(largest, 2)} MB; the line through it is the 95% "
            "interval of its accuracy.",
            "Filled discs, in bold, are on the Pareto front (dashed): no other file is both faster and more accurate.",
            *person,
        ),
    )


def pareto_front(results: Sequence[Result], *, by_people: bool = False) -> list[Result]:
    """Return the results that no other beats in both accuracy and the model's median, the fastest first."""
    front: list[Result] = []
    best = -1.0
    points = _points(results, by_people=by_people)
    for point in sorted(points, key=lambda point: (point.result.model.p50, -point.accuracy)):
        if point.accuracy > best:
            front.append(point.result)
            best = point.accuracy
    return front


def _points(results: Sequence[Result], *, by_people: bool) -> list[_Point]:
    qualities = [(result, result.quality) for result in results if result.quality is not None]
    if by_people:
        voted = [(result, quality.people) for result, quality in qualities if quality.people is not None]
        return [_Point(result, people.accuracy, people.interval) for result, people in voted]
    return [_Point(result, quality.accuracy, quality.interval) for result, quality in qualities]


def _drawing(points: list[_Point], front: set[str], largest: int, one_person: float | None) -> Element:
    bottom = _TOP + max(280, _LABEL_HEIGHT * len(points))
    x = log_scale_of([point.result.model.p50 for point in points], _LEFT, _RIGHT)
    y = _accuracy_scale(points, one_person, bottom)
    by_size = sorted(points, key=lambda point: -point.result.bytes)
    corners = [(x(each.result.model.p50), y(each.accuracy)) for each in points if each.result.name in front]
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in sorted(corners))
    return tag(
        "svg",
        *_axes(x, y, bottom),
        *_person(one_person, y),
        tag("polyline", points=line, class_="front"),
        *(_disc(point, x, y, largest, point.result.name in front) for point in by_size),
        *(_labels if len(points) <= _MOST_LEADERS else _numbered_labels)(points, front, x, y, bottom),
        viewBox=f"0 0 {WIDTH} {bottom + 46}",
    )


def _person(accuracy: float | None, y: LinearScale) -> list[Element]:
    if accuracy is None:
        return []
    height = y(accuracy)
    line = tag("line", x1=_LEFT, x2=_RIGHT, y1=height, y2=height, class_="person")
    return [line, tag("text", "one person", x=_LEFT + 4, y=height - 5)]


def _accuracy_scale(points: list[_Point], one_person: float | None, bottom: float) -> LinearScale:
    others = [] if one_person is None else [one_person]
    low = min([*others, *(min(point.interval[0], point.accuracy) for point in points)])
    high = max([*others, *(max(point.interval[1], point.accuracy) for point in points)])
    room = max(0.1 * (high - low), 0.005)
    return LinearScale(max(0.0, low - room), min(1.0, high + room), bottom, _TOP)


def _axes(x: LogScale, y: LinearScale, bottom: float) -> list[Element]:
    middle = (_LEFT + _RIGHT) / 2
    drawn = [tag("text", "median of the model alone, ms", x=middle, y=bottom + 40, text_anchor="middle")]
    drawn += x_grid(x, _TOP, bottom)
    for value in y.ticks():
        drawn.append(tag("line", x1=_LEFT, x2=_RIGHT, y1=y(value), y2=y(value), class_="grid"))
        drawn.append(tag("text", f"{100 * value:.4g}%", x=_LEFT - 6, y=y(value) + 4, text_anchor="end"))
    return drawn


def _disc(point: _Point, x: LogScale, y: LinearScale, largest: int, is_best: bool) -> Element:
    result, accuracy = point.result, point.accuracy
    centre_x = x(result.model.p50)
    low, high = point.interval
    radius = _radius(result, largest)
    words = f"{result.name}: {decimal(result.model.p50, 3)} ms, {share(accuracy)}"
    return tag(
        "g",
        tag("title", words),
        tag("line", x1=centre_x, x2=centre_x, y1=y(low), y2=y(high), class_="interval"),
        tag("circle", cx=centre_x, cy=y(accuracy), r=radius),
        tag("circle", cx=centre_x, cy=y(accuracy), r=1.5, class_="centre"),
        class_="disc best" if is_best else "disc",
    )


def _labels(points: list[_Point], front: set[str], x: LogScale, y: LinearScale, bottom: float) -> list[Element]:
    # Names beside the discs of similar files would overlap.
    ordered = sorted(points, key=lambda each: (round(y(each.accuracy) / _LABEL_HEIGHT), -each.result.model.p50))
    heights = spread_out([y(point.accuracy) for point in ordered], _LABEL_HEIGHT, bottom)
    drawn = []
    for point, height in zip(ordered, heights, strict=True):
        result = point.result
        begin = {"x1": x(result.model.p50), "y1": y(point.accuracy)}
        drawn.append(tag("line", **begin, x2=_LABELS - 5, y2=height, class_="leader"))
        style = "label best" if result.name in front else "label"
        drawn.append(tag("text", shortened(result.plain_name), x=_LABELS, y=height + 4, class_=style))
    return drawn


def _numbered_labels(
    points: list[_Point], front: set[str], x: LogScale, y: LinearScale, bottom: float
) -> list[Element]:
    """Return a number at each disc, and a list of the names by number, the fastest first."""
    largest = max(point.result.bytes for point in points)
    ordered = sorted(points, key=lambda each: each.result.model.p50)
    centres = [(x(each.result.model.p50), y(each.accuracy)) for each in ordered]
    radii = [_radius(each.result, largest) for each in ordered]
    places = place_numbers(centres, radii, (_LEFT, _TOP, _LABELS - 5, bottom))
    drawn = []
    for number, (point, centre, place) in enumerate(zip(ordered, centres, places, strict=True), 1):
        style = "label best" if point.result.name in front else "label"
        name = f"{number}  {shortened(point.result.plain_name)}"
        if place.is_far:
            drawn.append(tag("line", x1=centre[0], y1=centre[1], x2=place.x, y2=place.y, class_="leader"))
        drawn.append(tag("text", str(number), x=place.x, y=place.y + 4, text_anchor="middle", class_="number"))
        drawn.append(tag("text", name, x=_LABELS, y=_TOP + _LABEL_HEIGHT * number - 4, class_=style))
    return drawn


def _radius(result: Result, largest: int) -> float:
    """Return a disc's radius, so that its area is proportional to the file's size."""
    return max(3.0, _LARGEST_RADIUS * math.sqrt(result.bytes / largest))


def spread_out(wanted: list[float], distance: float, end: float) -> list[float]:
    """Return positions near those wanted, in order, at least `distance` apart, the last no farther than `end`."""
    placed: list[float] = []
    for position in wanted:
        placed.append(max([position, *(last + distance for last in placed[-1:])]))
    limit = end
    for i in reversed(range(len(placed))):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - distance
    return placed
