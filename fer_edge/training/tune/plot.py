"""Chart of a search: the values tried against validation accuracy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.training.plots import open_figure
from fer_edge.training.recipe_part import Choices, Range
from fer_edge.training.tune.space import Space
from fer_edge.training.tune.study import TrialResult, ranked

from matplotlib import colormaps  # isort: skip  # after plots, which has chosen the backend
from matplotlib.axes import Axes  # isort: skip
from matplotlib.ticker import PercentFormatter  # isort: skip

_COLUMNS = 4
_BEST = "#d62728"


def plot_tuning(results: Sequence[TrialResult], space: Space, path: Path, *, title: str, images: int) -> None:
    """Draw a panel for each part of the recipe, its values against validation accuracy, into a PNG.

    Args:
        results: Results of the trials, at least one of which succeeded.
        space: Parts that were searched over.
        path: File of the chart.
        title: Title above all panels.
        images: Number of validation images, which gives the standard error of the accuracy.
    """
    done = ranked(results)
    columns = min(len(space), _COLUMNS)
    rows = math.ceil(len(space) / columns)
    with open_figure(path, "default", figsize=(max(3.4 * columns, 7), 3.2 * rows + 0.9)) as figure:
        figure.suptitle(title)
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for axes, (name, part) in zip(panels.flat, space.items(), strict=False):
            _plot_part(axes, done, name, part, images)
        for axes in panels.flat[len(space) :]:
            axes.axis("off")
        for axes in panels[:, 0]:
            axes.set_ylabel("validation accuracy")
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)


def _plot_part(axes: Axes, done: Sequence[TrialResult], name: str, part: Range | Choices, images: int) -> None:
    x, y = _positions(done, name, part), np.array([result.val_accuracy for result in done])
    epochs = np.array([result.epochs for result in done])
    best = float(y[0])
    error = math.sqrt(best * (1 - best) / images)
    axes.axhspan(best - error, best, color=_BEST, alpha=0.08, lw=0, label="within a standard error of the best")
    levels = np.unique(epochs)
    colours = colormaps["viridis_r"](np.linspace(0.2, 0.95, len(levels)))
    for level, colour in zip(levels, colours, strict=True):
        chosen = epochs == level
        label = f"{level} epoch{'s' if level > 1 else ''}"
        axes.scatter(x[chosen], y[chosen], color=colour, s=36, alpha=0.85, edgecolors="white", lw=0.5, label=label)
    axes.scatter(x[0], best, marker="*", s=190, color=_BEST, edgecolors="white", lw=0.8, zorder=3, label="best")
    axes.set_xlabel(name)
    axes.grid(alpha=0.25)
    _fit_axis(axes, part)


def _positions(done: Sequence[TrialResult], name: str, part: Range | Choices) -> npt.NDArray[np.float64]:
    values: list[Any] = [result.values[name] for result in done]
    if isinstance(part, Range):
        return np.array(values, dtype=np.float64)
    places = np.array([part.values.index(value) for value in values], dtype=np.float64)
    return places + np.random.default_rng(0).uniform(-0.15, 0.15, len(places))  # or equal results would hide each other


def _fit_axis(axes: Axes, part: Range | Choices) -> None:
    if isinstance(part, Choices):
        axes.set_xticks(range(len(part.values)), [str(value) for value in part.values])
        axes.set_xlim(-0.5, len(part.values) - 0.5)
    elif part.log:
        axes.set_xscale("log")
        margin = (part.high / part.low) ** 0.04
        axes.set_xlim(part.low / margin, part.high * margin)
    else:
        margin = 0.04 * (part.high - part.low)
        axes.set_xlim(part.low - margin, part.high + margin)
