"""Chart of calibration by votes: share predicted against share voted, a panel for each file."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.benchmark.accuracy import People
from fer_edge.benchmark.report.scale import LinearScale
from fer_edge.benchmark.report.table import Chart
from fer_edge.benchmark.results import Result
from fer_edge.markup import Element, tag
from fer_edge.number_format import decimal, share, shortened

WIDTH = 640
_COLUMNS = 3
_LEFT, _GAP, _SIDE = 44, 30, 172
_NAME_HEIGHT, _AXIS_HEIGHT = 40, 48
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LARGEST_RADIUS, _SMALLEST_RADIUS = 9.0, 1.5


def reliability_chart(results: Sequence[Result]) -> Chart | None:
    """Draw the share predicted against the share voted; `None` without votes.

    Args:
        results: Results of different files, each in one engine.
    """
    panels = [(one.plain_name, one.quality.people) for one in results if one.quality and one.quality.people]
    if not panels:
        return None
    errors = "; ".join(f"{name} {decimal(people.calibration_error, 3)}" for name, people in panels)
    return Chart(
        "Share predicted against share voted",
        f"Calibration errors by votes: {errors}.",
        _drawing(panels),
        (
            "Images are grouped by the score of the file's answer (across); up is the mean share of votes for that "
            "answer. On the dotted line a score is the share of people who would say so; below it the file is "
            "overconfident, above it underconfident. A disc's area is the group's number of images.",
        ),
    )


def _drawing(panels: Sequence[tuple[str, People]]) -> Element:
    most = max(images for _, people in panels for _, _, images in people.reliability)
    rows = -(-len(panels) // _COLUMNS)
    row_height = _NAME_HEIGHT + _SIDE + _AXIS_HEIGHT
    drawn = []
    for i, (name, people) in enumerate(panels):
        left = _LEFT + i % _COLUMNS * (_SIDE + _GAP)
        top = i // _COLUMNS * row_height + _NAME_HEIGHT
        drawn.append(_panel(name, people, left, top, most))
    return tag("svg", *drawn, viewBox=f"0 0 {WIDTH} {rows * row_height}")


def _panel(name: str, people: People, left: float, top: float, most: int) -> Element:
    x, y = LinearScale(0, 1, left, left + _SIDE), LinearScale(0, 1, top + _SIDE, top)
    line = " ".join(f"{x(score):.1f},{y(voted):.1f}" for score, voted, _ in people.reliability)
    return tag(
        "g",
        tag("text", shortened(name), x=left, y=top - 24, class_="label"),
        tag("text", f"error {decimal(people.calibration_error, 3)}", x=left, y=top - 8),
        *_axes(x, y, is_first=left == _LEFT),
        tag("line", x1=x(0), y1=y(0), x2=x(1), y2=y(1), class_="person"),
        tag("polyline", points=line, class_="reliability"),
        *(_disc(group, x, y, most) for group in people.reliability),
    )


def _axes(x: LinearScale, y: LinearScale, *, is_first: bool) -> list[Element]:
    drawn = []
    for value in _TICKS:
        drawn.append(tag("line", x1=x(value), x2=x(value), y1=y(0), y2=y(1), class_="grid"))
        drawn.append(tag("line", x1=x(0), x2=x(1), y1=y(value), y2=y(value), class_="grid"))
        drawn.append(tag("text", f"{100 * value:g}", x=x(value), y=y(0) + 15, text_anchor="middle"))
        if is_first:
            drawn.append(tag("text", f"{100 * value:g}", x=x(0) - 6, y=y(value) + 4, text_anchor="end"))
    drawn.append(tag("text", "predicted, %", x=x(0.5), y=y(0) + 31, text_anchor="middle"))
    if is_first:
        turned = f"rotate(-90 {x(0) - 30} {y(0.5)})"
        drawn.append(tag("text", "voted, %", x=x(0) - 30, y=y(0.5), text_anchor="middle", transform=turned))
    return drawn


def _disc(group: tuple[float, float, int], x: LinearScale, y: LinearScale, most: int) -> Element:
    score, voted, images = group
    radius = max(_SMALLEST_RADIUS, _LARGEST_RADIUS * (images / most) ** 0.5)
    words = f"{images:,} images: {share(score, 0)} predicted, {share(voted, 0)} voted"
    return tag("g", tag("title", words), tag("circle", cx=x(score), cy=y(voted), r=radius), class_="disc best")
