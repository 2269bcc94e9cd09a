"""Picture of accuracy against latency: by people's answer where it was measured, else by the data set's label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from benchmarks.figures.measured import display_name, first_accuracy, network_files, one_person, quality_of
from benchmarks.figures.pages import size_words
from fer_edge.benchmark.report.trade_off import pareto_front
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.files import atomic_path

_OWN, _PEER = "#1565c0", "#c62828"
_AREA_PER_BYTE = 900 / 5e6
"""Area of a disc, square points a byte: the documented network's int8 file of 5.7 MB gets about 1,000."""
_SMALLEST_AREA = 25.0
_DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1))
"""Places of a label around its disc, the best first: right and up."""
_RING, _RINGS = 12.0, 5
"""Distance in points between two rings of places, and their number."""
_SPAN = 10.0
"""Percentage points below the best accuracy that the picture shows."""
_SPAN_BY_PEOPLE = 28.0
"""`_SPAN` by people's answer, where networks differ more."""


def plot_pareto(report: Report, path: Path) -> None:
    """Draw accuracy against latency into a PNG; a disc's area is the file's size.

    A network far below the best one is drawn on the lower edge, with its accuracy in its label.
    """
    figure = plt.figure(figsize=(10, 6.2), layout="constrained")
    try:
        draw_pareto(figure, report)
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=120)
    finally:
        plt.close(figure)


def draw_pareto(figure: Figure, report: Report) -> list[Annotation]:
    """Draw into a figure what `plot_pareto` writes, and return the names beside the discs."""
    files, person = network_files(report), one_person(report)
    span = _SPAN if person is None else _SPAN_BY_PEOPLE
    floor = 100 * max(map(first_accuracy, files)) - span
    axes = figure.subplots()
    front = pareto_front(files, by_people=report.has_people)
    x, y = [row.model.p50 for row in front], [100 * first_accuracy(row) for row in front]
    axes.plot(x, y, color="0.6", linestyle="--", zorder=1, label="Pareto front: none is both faster and better")
    axes.scatter([], [], color=_OWN, alpha=0.6, label="fer-edge")
    axes.scatter([], [], color=_PEER, alpha=0.6, label="other projects: their weights, their preprocessing")
    for row in files:
        _draw_disc(axes, row, floor, on_front=row in front)
    _dress(axes, floor, span, _accuracy_words(report))
    if person is not None:
        _draw_person(axes, person["accuracy"])
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    figure.canvas.draw()  # fixes the layout that the labels' places depend on
    obstacles = _Obstacles(axes, [(row.model.p50, max(floor, 100 * first_accuracy(row))) for row in files])
    ordered = [*front, *(row for row in files if row not in front)]
    return [_label(axes, row, floor, obstacles, bold=row in front) for row in ordered]


class _Obstacles:
    """Everything that a label must not cover, in the figure's pixels: lines, centres of discs and other labels."""

    def __init__(self, axes: Axes, centres: Sequence[tuple[float, float]]) -> None:
        self._within = axes.bbox
        self._lines = [line.get_transform().transform_path(line.get_path()) for line in axes.get_lines()]
        points = axes.transData.transform(centres)
        self._boxes = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in points]

    def add(self, box: Bbox) -> None:
        self._boxes.append(box)

    def allow(self, box: Bbox) -> bool:
        """Return whether a label may be in a box."""
        if not (self._within.x0 <= box.x0 and box.x1 <= self._within.x1):
            return False
        if not (self._within.y0 <= box.y0 and box.y1 <= self._within.y1):
            return False
        return not any(map(box.overlaps, self._boxes)) and not any(
            line.intersects_bbox(box, filled=False) for line in self._lines
        )


def _accuracy_words(report: Report) -> str:
    answers = [people for each in network_files(report) if (people := quality_of(each).people) is not None]
    if answers:
        return f"people's answer, on {answers[0].images:,} validation images, %"
    return f"accuracy on {quality_of(network_files(report)[0]).images:,} validation images, %"


def _draw_person(axes: Axes, accuracy: float) -> None:
    axes.axhline(100 * accuracy, color="0.3", linestyle=":", zorder=1, label=f"one person: {accuracy:.1%}")


def _dress(axes: Axes, floor: float, span: float, accuracy: str) -> None:
    axes.set(
        xscale="log",
        xlabel="median latency of the network alone, ms (one face, one thread; logarithmic)",
        ylabel=accuracy,
    )
    axes.set_title("Accuracy against latency; the area is the file's size", loc="left")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.15)
    axes.set_ylim(floor - 1, floor + span + 3)
    axes.grid(alpha=0.25, which="both")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_disc(axes: Axes, row: Result, floor: float, *, on_front: bool) -> None:
    x, y = row.model.p50, max(floor, 100 * first_accuracy(row))
    colour = _PEER if row.role == "peer" else _OWN
    axes.scatter(x, y, s=_area(row), color=colour, alpha=0.4, linewidth=0, zorder=2)
    marker = "v" if 100 * first_accuracy(row) < floor else "o"
    edge = "black" if on_front else "none"
    axes.scatter(x, y, s=16, marker=marker, color=colour, edgecolor=edge, linewidth=1, zorder=3)


def _label(axes: Axes, row: Result, floor: float, obstacles: _Obstacles, *, bold: bool) -> Annotation:
    """Write a network's name at the first free place around its disc, the nearest first."""
    x, y = row.model.p50, max(floor, 100 * first_accuracy(row))
    below = f", {first_accuracy(row):.0%}" if 100 * first_accuracy(row) < floor else ""
    text = axes.annotate(
        f"{display_name(row)}\n{size_words(row.bytes)}{below}",
        (x, y),
        (0, 0),
        textcoords="offset points",
        fontsize=9,
        fontweight="bold" if bold else "normal",
        color=_PEER if row.role == "peer" else _OWN,
        path_effects=[withStroke(linewidth=3, foreground="white")],  # over the grid
    )
    radius = (_area(row) / math.pi) ** 0.5 + 4
    for distance in (radius + _RING * ring for ring in range(_RINGS)):
        for right, up in _DIRECTIONS:
            horizontal = {1: "left", 0: "center", -1: "right"}[right]
            vertical = {1: "bottom", 0: "center", -1: "top"}[up]
            step = distance if 0 in (right, up) else distance / math.sqrt(2)
            text.set(position=(right * step, up * step), horizontalalignment=horizontal, verticalalignment=vertical)
            box = text.get_window_extent()
            if obstacles.allow(box):
                obstacles.add(box)
                return text
    obstacles.add(box)
    return text


def _area(row: Result) -> float:
    """Return the area of a disc, square points."""
    return max(_SMALLEST_AREA, row.bytes * _AREA_PER_BYTE)
