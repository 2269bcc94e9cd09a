"""Chart of how fast accuracy falls as faces get harder to read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from fer_edge.evaluation.stress import StressAxis, StressResult
from fer_edge.training.plots import open_figure

_COLUMNS = 5
_COLOURS = ("#1565c0", "#ef6c00", "#2e7d32", "#6a1b9a", "#c62828", "#546e7a")
_PANEL = (3.0, 2.7)
"""Inches: width and height of a panel."""


def plot_stress(results: Mapping[str, StressResult], path: Path, *, title: str) -> None:
    """Draw accuracy over the steps of each change, a panel a change and a line a model, with 95 % intervals.

    Args:
        results: Results on the same faces by the model's name.
        path: File of the chart.
        title: Title above all panels.
    """
    first = next(iter(results.values()))
    rows = -(-len(first.axes) // _COLUMNS)
    with open_figure(path, "default", figsize=(_COLUMNS * _PANEL[0], rows * _PANEL[1] + 0.9)) as figure:
        figure.suptitle(f"{title}\naccuracy by {first.truth}, with 95% intervals", fontsize=12)
        grid = figure.subplots(rows, _COLUMNS, sharey=True, squeeze=False)
        for axes in grid.flat[len(first.axes) :]:
            axes.axis("off")
        for i, axes in enumerate(grid.flat[: len(first.axes)]):
            for colour, result in zip(_colours(len(results)), results.values(), strict=True):
                _plot_axis(axes, result, result.axes[i], colour)
            axes.set_title(first.axes[i].name, fontsize=11, fontweight="bold")
        figure.legend(grid.flat[0].get_lines(), list(results), loc="outside lower center", ncols=len(results))


def _plot_axis(axes: Axes, result: StressResult, axis: StressAxis, colour: str) -> None:
    steps = (result.unchanged, *axis.steps)
    low, high = np.array([step.accuracy.interval or (0.0, 0.0) for step in steps]).T
    places = range(len(steps))
    axes.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(places, [step.accuracy.share or 0.0 for step in steps], color=colour, marker="o", markersize=3.5)
    axes.set_xticks(places, ["as is", *(step.name.replace("quality ", "q") for step in axis.steps)], fontsize=8)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _colours(count: int) -> list[str]:
    return [_COLOURS[i % len(_COLOURS)] for i in range(count)]
