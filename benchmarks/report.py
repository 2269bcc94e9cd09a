"""The report: a table on the terminal, report.json, and report.html with its plots inside."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
import numpy as np
import numpy.typing as npt

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from rich.console import Console

from fer_edge.files import write_atomic
from fer_edge.labels import EXPRESSIONS
from fer_edge.metrics import Evaluation
from fer_edge.tables import make_table

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Latency:
    """The time each call took.

    Attributes:
        samples_ms: float64 (rounds,), in the order they were taken, none left out.
    """

    samples_ms: npt.NDArray[np.float64]

    def percentile(self, percent: float) -> float:
        """The time, in ms, that `percent` of the calls did not exceed."""
        return float(np.percentile(self.samples_ms, percent))


@dataclass(frozen=True)
class Result:
    """One file's measurements.

    Attributes:
        name: The file's.
        runtime: What it ran in.
        bytes: Its size.
        latency: Of one face, from pixels to scores, batch 1, one thread.
        evaluation: On the validation split.
        agreement: Share of images with the full model's best class.
    """

    name: str
    runtime: str
    bytes: int
    latency: Latency
    evaluation: Evaluation
    agreement: float


@dataclass(frozen=True)
class Report:
    """All measurements of one run.

    Attributes:
        data: The labelled faces, by name.
        synthetic: Whether those are drawn, so that accuracy says little.
        rounds: Timed calls of each file.
        machine: What it ran on.
        results: The full model first.
    """

    data: str
    synthetic: bool
    rounds: int
    machine: dict[str, Any]
    results: tuple[Result, ...]

    @property
    def full(self) -> Result:
        """The Keras model."""
        return self.results[0]

    def speed_up(self, result: Result) -> float:
        """How many times faster than the full model, by medians of this run."""
        return self.full.latency.percentile(50) / result.latency.percentile(50)

    @property
    def subtitle(self) -> str:
        """What the figures rest on, in a sentence."""
        faces = "drawn (synthetic) faces: accuracy says little" if self.synthetic else "labelled faces"
        return (
            f"{self.full.evaluation.samples:,} validation images of {self.data}, {faces}; "
            f"{self.rounds} interleaved rounds, batch 1, one thread, {self.machine['processor']}, "
            f"load {self.machine['load_average']}"
        )


_NUMBERS = ("bytes", "p50 ms", "p90 ms", "times faster", "accuracy", "macro-F1", "ECE", "agreement")


def print_report(report: Report, console: Console) -> None:
    """Print the table."""
    table = make_table("latency and accuracy", ["file", "runtime"], _NUMBERS)
    for row in rows(report):
        table.add_row(*row)
    console.print(table)
    console.print(report.subtitle)


def print_step_seconds(seconds: dict[str, float], console: Console) -> None:
    """Print training's seconds per step; the first variant is the one that the others are compared with."""
    table = make_table("training: median seconds per step of 128 images", ["variant"], ["seconds", "times faster"])
    reference = next(iter(seconds.values()))
    for name, value in seconds.items():
        table.add_row(name, f"{value:.3f}", f"{reference / value:.2f}")
    console.print(table)


def rows(report: Report) -> list[tuple[str, ...]]:
    """The table's cells."""
    return [
        (
            result.name,
            result.runtime,
            f"{result.bytes:,}",
            f"{result.latency.percentile(50):.3f}",
            f"{result.latency.percentile(90):.3f}",
            f"{report.speed_up(result):.1f}",
            f"{result.evaluation.accuracy:.2%}",
            f"{result.evaluation.macro_f1:.4f}",
            f"{result.evaluation.calibration_error:.4f}",
            f"{result.agreement:.2%}",
        )
        for result in report.results
    ]


def write_report(report: Report, folder: Path) -> None:
    """Write report.json and report.html."""
    write_atomic(folder / "report.json", json.dumps(_as_dict(report), indent=1) + "\n")
    template = jinja2.Environment(autoescape=True).from_string(
        (Path(__file__).parent / "report.html.jinja").read_text(encoding="utf-8")
    )
    plots = {
        "Accuracy against latency; the area is the file's size": _trade_off(report),
        "Latency of every round": _latencies(report),
        "Recall of each expression": _recalls(report),
    }
    html = template.render(
        report=report, header=("file", "runtime", *_NUMBERS), rows=rows(report), plots=plots, machine=report.machine
    )
    write_atomic(folder / "report.html", html)


def _as_dict(report: Report) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "data": report.data,
        "synthetic": report.synthetic,
        "rounds": report.rounds,
        "threads": 1,
        "machine": report.machine,
        "results": [
            {
                "name": result.name,
                "runtime": result.runtime,
                "bytes": result.bytes,
                "latency_ms": {
                    "p50": result.latency.percentile(50),
                    "p90": result.latency.percentile(90),
                    "samples": [round(value, 6) for value in result.latency.samples_ms],
                },
                "times_faster_than_full": report.speed_up(result),
                "agreement_with_full": result.agreement,
                "evaluation": result.evaluation.as_dict(),
            }
            for result in report.results
        ],
    }


def _trade_off(report: Report) -> str:
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    for result in report.results:
        x, y = result.latency.percentile(50), result.evaluation.accuracy
        error = 1.96 * (y * (1 - y) / result.evaluation.samples) ** 0.5
        points = axes.scatter(x, 100 * y, s=result.bytes / 4e4, alpha=0.5)
        axes.errorbar(x, 100 * y, 100 * error, color=points.get_facecolor(), label=result.name, marker="o")
    axes.set(
        xscale="log", xlabel="median latency, ms (one face, one thread)", ylabel="accuracy, %, with its 95 % interval"
    )
    axes.margins(0.1)
    axes.grid(alpha=0.3, which="both")
    axes.legend(bbox_to_anchor=(1, 1), loc="upper left", frameon=False)
    return _as_data_uri(figure)


def _latencies(report: Report) -> str:
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    names = [result.name for result in report.results]
    axes.boxplot([result.latency.samples_ms for result in report.results], orientation="horizontal", sym=".")
    axes.set_yticks(range(1, len(names) + 1), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlabel="ms; box: quartiles, whiskers: 1.5 of their distance, dots: the rest")
    axes.grid(alpha=0.3, axis="x", which="both")
    return _as_data_uri(figure)


def _recalls(report: Report) -> str:
    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    values = [result.evaluation.recall for result in report.results]
    image = axes.imshow(values, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(EXPRESSIONS)), EXPRESSIONS)
    axes.set_yticks(range(len(values)), [result.name for result in report.results])
    for y, recalls in enumerate(values):
        for x, recall in enumerate(recalls):
            axes.text(x, y, f"{recall:.1%}", ha="center", va="center", color="white" if recall > 0.6 else "black")
    figure.colorbar(image, label="recall")
    return _as_data_uri(figure)


def _as_data_uri(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    plt.close(figure)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
