"""Charts of a data set and a training run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import seaborn

from fer_edge.dataset.data import Split
from fer_edge.errors import InputError
from fer_edge.evaluation.metrics import Evaluation, IntArray
from fer_edge.files import atomic_path
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.plain_text import plain_text

matplotlib.use("Agg")  # needs no display
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

_TRAINING, _VALIDATION = "#4fc3f7", "#ffb74d"


def plot_curves(history: Sequence[dict[str, float]], path: Path, *, title: str, augmented: bool = False) -> None:
    """Draw loss and accuracy over the epochs into a PNG, on a dark background.

    Args:
        history: One row per epoch with `loss`, `val_loss`, `accuracy` and `val_accuracy`.
        path: File of the chart.
        title: Title above both halves.
        augmented: Whether the network was trained on augmented images, which is noted beneath.
    """
    with open_figure(path, "dark_background", figsize=(14, 6)) as figure:
        draw_curves(figure, history, title=title, augmented=augmented)


def draw_curves(figure: Figure, history: Sequence[dict[str, float]], *, title: str, augmented: bool) -> None:
    """Draw into a figure what `plot_curves` writes."""
    figure.suptitle(title, fontsize=14)
    images = ("augmented images", "images as they are") if augmented else ("images as they are",) * 2
    note = f"training: {images[0]}, over each epoch's steps; validation: {images[1]}, after each epoch"
    figure.supxlabel(note, fontsize=10, color="0.7")
    loss, accuracy = figure.subplots(1, 2)
    _plot_pair(loss, history, "loss", "Loss")
    _plot_pair(accuracy, history, "accuracy", "Accuracy")
    best = int(np.argmax([row["val_accuracy"] for row in history]))
    value = history[best]["val_accuracy"]
    accuracy.plot(best + 1, value, "o", color=_VALIDATION, label=f"best {value:.1%}, epoch {best + 1}")
    accuracy.yaxis.set_major_formatter(PercentFormatter(1))
    accuracy.legend()


def plot_confusion(evaluation: Evaluation, path: Path, *, title: str) -> None:
    """Draw a confusion matrix into a PNG: shares of the true class, with counts."""
    words = MatrixWords(
        title=f"{title}\naccuracy by label {evaluation.accuracy:.1%}, macro-F1 {evaluation.macro_f1:.3f}",
        rows="label (images)",
        columns="predicted",
        share="share of the label's images",
    )
    plot_matrix(evaluation.confusion, path, words, evaluation.classes)


def plot_samples(split: Split, path: Path, *, expression: str | None = None, seed: int = 0, side: int = 3) -> None:
    """Draw a grid of faces into a PNG.

    Args:
        split: Split to sample from.
        path: File of the picture.
        expression: Class of all faces; None for a row per class.
        seed: Seed of the sample.
        side: Columns, and rows if `expression` is given.

    Raises:
        InputError: If there is no such class.
    """
    classes = split.classes
    if expression is not None and expression not in classes:
        raise InputError(f"expected one of {', '.join(classes)}, got {expression!r}")
    rng = np.random.default_rng(seed)
    if expression is not None:
        chosen = _draw(rng, split.labels, classes.index(expression), side * side)
    else:
        chosen = np.concatenate([_draw(rng, split.labels, label, side) for label in range(len(classes))])
    rows = -(-len(chosen) // side)
    with open_figure(path, "default", figsize=(1.8 * side, 2 * rows)) as figure:
        for axes in (cells := figure.subplots(rows, side, squeeze=False)).flat:
            axes.axis("off")
        for axes, index in zip(cells.flat, chosen, strict=False):  # the last row may not be full
            axes.imshow(split.images[index], cmap="gray", vmin=0, vmax=255)
            axes.set_title(classes[split.labels[index]], fontsize=11)


@dataclass(frozen=True)
class MatrixWords:
    """Title of a matrix of counts, labels of its rows and its columns, and what its shares are."""

    title: str
    rows: str
    columns: str
    share: str


def plot_matrix(counts: IntArray, path: Path, words: MatrixWords, classes: tuple[str, ...]) -> None:
    """Draw counts, int64 (classes, classes), as shares of their rows, with the counts beneath."""
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals[:, np.newaxis], 1)
    cells = [cell_text(share, count) for share, count in zip(shares.flat, counts.flat, strict=True)]
    side = max(len(classes) / len(EXPRESSIONS), 1)
    with open_figure(path, "default", figsize=(8.8 * side, 8 * side)) as figure:
        axes = figure.subplots()
        seaborn.heatmap(
            shares,
            annot=np.reshape(cells, counts.shape),
            fmt="",
            cmap="Blues",
            vmin=0,
            vmax=1,
            xticklabels=classes,
            yticklabels=[f"{name} ({n:,})" for name, n in zip(classes, totals, strict=True)],
            cbar=False,
            ax=axes,
        )
        axes.set(xlabel=words.columns, ylabel=words.rows)
        axes.set_title(f"{words.title}\n{words.share}, and images")
        axes.tick_params(axis="y", rotation=0)


def cell_text(share: float, count: int) -> str:
    """Return the text of a matrix's cell: share of its row (0..1) and images; empty without images."""
    if count == 0:
        return ""
    return f"{share:.0%}\n{count:,}" if share >= 0.005 else f"<1%\n{count:,}"


def _draw(rng: np.random.Generator, labels: IntArray, label: int, count: int) -> IntArray:
    candidates = np.flatnonzero(labels == label)
    return rng.choice(candidates, min(count, len(candidates)), replace=False)


def _plot_pair(axes: Axes, history: Sequence[dict[str, float]], key: str, name: str) -> None:
    epochs = np.arange(1, len(history) + 1)
    marker = "o" if len(history) < 4 else None
    axes.plot(epochs, [row[key] for row in history], color=_TRAINING, marker=marker, label="training")
    axes.plot(epochs, [row[f"val_{key}"] for row in history], color=_VALIDATION, marker=marker, label="validation")
    axes.set(xlabel="epoch", ylabel=name, xlim=(0.5, len(history) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.2)
    axes.legend()


@contextmanager
def open_figure(path: Path, style: str, *, figsize: tuple[float, float]) -> Iterator[Figure]:
    """Yield a figure in one of matplotlib's styles, `figsize` in inches; write it to `path` and close it at the end."""
    with plt.style.context(style), plain_text():
        figure = plt.figure(figsize=figsize, layout="constrained")
        try:
            yield figure
            with atomic_path(path) as temporary:
                figure.savefig(temporary, dpi=120)
        finally:
            plt.close(figure)
