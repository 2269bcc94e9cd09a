"""`make figures`: the tables of docs/networks.md and its picture, from what was measured; the prose stays."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from benchmarks.compared import Comparison, Network
from benchmarks.entry import run_command
from benchmarks.pages import fill_page, markdown_table
from fer_edge.cli.consoles import stdout
from fer_edge.errors import InputError
from fer_edge.files import atomic_path
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.run_folder import RUNS

_OWN, _PEER = "#1565c0", "#c62828"
_AREA_PER_BYTE = 900 / 5e6
"""Square points of a disc: the documented network's int8 file of 5.7 MB gets about 1,000."""
_SMALLEST_AREA = 25.0
_SPAN = 10.0
"""Percentage points beneath the best accuracy that the picture shows."""


def networks_table(comparison: Comparison) -> str:
    """Size, accuracy and latency of each network, the fastest first."""
    header = ["network", "weights", "file", "parameters", "MMAC", "accuracy", "macro-F1", "ECE"]
    header += ["p50", "p90", "from the crop, p50", "time, `fer` = 1"]
    rows = [
        [
            _display_name(row),
            row.precision,
            _size(row.bytes),
            f"{row.parameters:,}",
            f"{row.macs / 1e6:.1f}",
            f"{row.accuracy:.1%}",
            f"{row.evaluation['macro_f1']:.3f}",
            f"{row.calibration_error:.3f}",
            f"{row.p50_ms:.2f} ms",
            f"{row.p90_ms:.2f} ms",
            f"{row.whole_p50_ms:.2f} ms",
            f"{row.latency_over_fer:.2f}",
        ]
        for row in sorted(comparison.networks, key=lambda row: row.p50_ms)
    ]
    return f"{markdown_table(header, rows, left=2)}\n\n{_setting(comparison)}"


def per_class_table(comparison: Comparison) -> str:
    """Recall and F1 of each expression, the most accurate network first."""
    rows = [
        [
            _display_name(row),
            *(
                f"{recall:.0%} / {f1:.2f}"
                for recall, f1 in zip(row.per_class("recall"), row.per_class("f1"), strict=True)
            ),
        ]
        for row in _by_accuracy(comparison)
    ]
    support = [f"{comparison.networks[0].evaluation['per_class'][name]['support']:,}" for name in EXPRESSIONS]
    return markdown_table(["recall / F1", *EXPRESSIONS], [*rows, ["images", *support]], left=1)


def quantization_table(comparison: Comparison) -> str:
    """Each int8 file beside the float32 file of the same parent; without one, what its card says of the parent."""
    floats = {row.parent_sha256: row for row in comparison.networks if row.precision == "fp32"}
    rows = []
    for row in _by_accuracy(comparison):
        if row.package or row.precision != "int8" or row.agreement is None or row.accuracy_drop is None:
            continue
        before = floats.get(row.parent_sha256)
        accuracy = before.accuracy if before else row.accuracy + row.accuracy_drop
        rows.append(
            [
                _display_name(row),
                f"{accuracy:.2%}",
                f"{row.accuracy:.2%}",
                f"{100 * (row.accuracy - accuracy):+.2f}",
                f"{row.agreement:.1%}",
                f"{before.calibration_error:.4f}" if before else "-",
                f"{row.calibration_error:.4f}",
                f"{before.bytes / row.bytes:.1f}" if before else "-",
            ]
        )
    header = ["network", "float32", "int8", "points", "agreement", "ECE float32", "ECE int8", "times smaller"]
    return markdown_table(header, rows, left=1)


def ablation_table(ablation: dict[str, Any]) -> str:
    """What each part of the recipe is worth, the rows in the file's order.

    Args:
        ablation: `setup`, a sentence, and `rows` of `name`, `val_accuracy`, `macro_f1`, `fear_recall`, `ece`, `epochs`.
    """
    rows = [
        [
            row["name"],
            f"{row['val_accuracy']:.2%}",
            f"{row['macro_f1']:.3f}",
            f"{row['fear_recall']:.1%}",
            f"{row['ece']:.3f}",
            str(row["epochs"]),
        ]
        for row in ablation["rows"]
    ]
    table = markdown_table(["recipe", "accuracy", "macro-F1", "recall of fear", "ECE", "epochs"], rows, left=1)
    return f"{ablation['setup']}\n\n{table}"


def pareto_front(networks: Sequence[Network]) -> list[Network]:
    """The networks that no other is both faster and more accurate than, by latency."""
    front: list[Network] = []
    for row in sorted(networks, key=lambda row: (row.p50_ms, -row.accuracy)):
        if not front or row.accuracy > front[-1].accuracy:
            front.append(row)
    return front


def plot_pareto(comparison: Comparison, path: Path) -> None:
    """Draw accuracy against latency into a PNG; a disc's area is the file's size.

    A network far below the best one is put on the lower edge with its accuracy in words, so that the others spread out.
    """
    floor = 100 * max(row.accuracy for row in comparison.networks) - _SPAN
    figure, axes = plt.subplots(figsize=(10, 6.2), layout="constrained")
    try:
        front = pareto_front(comparison.networks)
        x, y = [row.p50_ms for row in front], [100 * row.accuracy for row in front]
        axes.plot(x, y, color="0.6", linestyle="--", zorder=1, label="Pareto front: none is both faster and better")
        axes.scatter([], [], color=_OWN, alpha=0.6, label="fer-edge")
        axes.scatter([], [], color=_PEER, alpha=0.6, label="other projects: their weights, their preprocessing")
        for row in comparison.networks:
            _draw_disc(axes, row, floor, on_front=row in front)
        _dress(axes, floor, comparison.images)
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        figure.canvas.draw()  # settles the layout that the labels' places depend on
        taken: list[Bbox] = []
        for row in [*front, *(row for row in comparison.networks if row not in front)]:
            taken.append(_label(axes, row, floor, taken, bold=row in front))
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=120)
    finally:
        plt.close(figure)


def _dress(axes: Axes, floor: float, images: int) -> None:
    axes.set(
        xscale="log",
        xlabel="median latency of the network alone, ms (one face, one thread; logarithmic)",
        ylabel=f"accuracy on {images:,} validation images, %",
    )
    axes.set_title("Accuracy against latency; the area is the file's size", loc="left")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.15)
    axes.set_ylim(floor - 1, floor + _SPAN + 3)
    axes.grid(alpha=0.25, which="both")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_disc(axes: Axes, row: Network, floor: float, *, on_front: bool) -> None:
    x, y = row.p50_ms, max(floor, 100 * row.accuracy)
    colour = _PEER if row.package else _OWN
    axes.scatter(x, y, s=_area(row), color=colour, alpha=0.4, linewidth=0, zorder=2)
    marker = "v" if 100 * row.accuracy < floor else "o"
    edge = "black" if on_front else "none"
    axes.scatter(x, y, s=16, marker=marker, color=colour, edgecolor=edge, linewidth=1, zorder=3)


def _label(axes: Axes, row: Network, floor: float, taken: Sequence[Bbox], *, bold: bool) -> Bbox:
    """Write a network's name at the first place about its disc where no other name is, and tell what it covers."""
    x, y = row.p50_ms, max(floor, 100 * row.accuracy)
    below = f", {row.accuracy:.0%}" if 100 * row.accuracy < floor else ""
    text = axes.annotate(
        f"{_display_name(row)}\n{_size(row.bytes)}{below}",
        (x, y),
        (0, 0),
        textcoords="offset points",
        fontsize=9,
        fontweight="bold" if bold else "normal",
        color=_PEER if row.package else _OWN,
    )
    radius = (_area(row) / math.pi) ** 0.5 + 4
    places = [(0, step, "center", side) for step, side in ((radius, "bottom"), (-radius, "top"))]
    places += [(radius, 0, "left", "center"), (-radius, 0, "right", "center")]
    places += [(0, n * radius + 28 * n, "center", "bottom") for n in (1, 2)]
    for dx, dy, horizontal, vertical in places:
        text.set(position=(dx, dy), horizontalalignment=horizontal, verticalalignment=vertical)
        box = text.get_window_extent()
        if not any(box.overlaps(other) for other in taken) and axes.bbox.y0 < box.y0:
            break
    return box


def _area(row: Network) -> float:
    """Of a disc, in square points."""
    return max(_SMALLEST_AREA, row.bytes * _AREA_PER_BYTE)


def _by_accuracy(comparison: Comparison) -> list[Network]:
    return sorted(comparison.networks, key=lambda row: row.accuracy, reverse=True)


def _setting(comparison: Comparison) -> str:
    machine, runtime = comparison.machine, comparison.networks[0].runtime
    return (
        f"{comparison.images:,} validation images of {comparison.data}; {comparison.rounds} interleaved rounds, "
        f"batch 1, one thread, {runtime}, {machine['processor']}, load {machine['load_average']}."
    )


def _display_name(row: Network) -> str:
    return row.package or row.name


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


@click.command()
@click.option("--peers", type=click.Path(path_type=Path), default=RUNS / "peers" / "peers.json", show_default=True)
@click.option("--ablation", type=click.Path(path_type=Path), default=Path("docs/ablation.json"), show_default=True)
@click.option("--page", type=click.Path(path_type=Path), default=Path("docs/networks.md"), show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), default=Path("docs/images/pareto.png"), show_default=True)
def command(peers: Path, ablation: Path, page: Path, plot: Path) -> None:
    """Fill in the tables of PAGE and draw PLOT from the peers' benchmark, and from ABLATION where it exists."""
    comparison = Comparison.read(peers)
    sections = {
        "networks": networks_table(comparison),
        "per-class": per_class_table(comparison),
        "quantization": quantization_table(comparison),
    }
    if ablation.is_file():
        sections["ablation"] = ablation_table(_read_ablation(ablation))
    fill_page(page, sections)
    plot_pareto(comparison, plot)
    stdout.print(f"written: {page} ({', '.join(sections)}), {plot}")


def _read_ablation(path: Path) -> dict[str, Any]:
    try:
        ablation: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        ablation_table(ablation)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected setup and rows of figures ({error!r})") from error
    return ablation


if __name__ == "__main__":
    run_command(command)
