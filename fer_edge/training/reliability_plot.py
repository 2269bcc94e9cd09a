"""Chart of calibration by people's votes: share predicted against share voted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.ticker import PercentFormatter

from fer_edge.evaluation.metrics import ReliabilityBin
from fer_edge.training.plots import open_figure

_PREDICTED = "#1565c0"
_LARGEST_DISC = 500.0
"""Area of the disc of the bin with the most images, square points."""


def plot_reliability(bins: Sequence[ReliabilityBin], path: Path, *, title: str) -> None:
    """Draw the predicted shares of votes against the actual ones into a PNG.

    Args:
        bins: Bins as `reliability_by_votes` returns them.
        path: File of the chart.
        title: Title above it.
    """
    predicted, voted, images = ([getattr(each, name) for each in bins] for name in ("confidence", "outcome", "images"))
    most = max(images)
    with open_figure(path, "default", figsize=(6.4, 6.4)) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="0.5", linestyle=":", label="a score is the share of people who say so")
        axes.plot(predicted, voted, color=_PREDICTED, zorder=2)
        sizes = [_LARGEST_DISC * count / most for count in images]
        axes.scatter(predicted, voted, sizes, _PREDICTED, alpha=0.5, clip_on=False, label="area: number of images")
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        axes.set(xlabel="share predicted: score of the answer", ylabel="share voted: people who gave that answer")
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.grid(alpha=0.25)
        axes.legend(loc="upper left", frameon=False)
        axes.set_title(title)
