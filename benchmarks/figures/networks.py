"""`make figures`: the tables of docs/networks.md and its picture, from what was measured; the prose stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from benchmarks.entry import run_command
from benchmarks.figures.pages import fill_page, markdown_table, size_words
from benchmarks.figures.pareto import plot_pareto
from benchmarks.figures.people_columns import one_person_row, people_cells, people_header
from benchmarks.peers.compared import Comparison, Network
from fer_edge.benchmark.report.people import ONE_PERSON
from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.terminal import stdout
from fer_edge.training.run_folder import RUNS


def networks_table(comparison: Comparison) -> str:
    """Size, accuracy and latency of each network, the fastest first."""
    people = [row.people for row in comparison.networks]
    accuracy = "label: accuracy" if any(people) else "accuracy"
    header = ["network", "weights", *people_header(people), "file", "parameters", "MMAC", accuracy, "macro-F1", "ECE"]
    header += ["p50", "p90", "from the crop, p50", "time, `fer` = 1"]
    rows = [
        [
            row.display_name,
            row.precision,
            *people_cells(row.people, people),
            size_words(row.bytes),
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
    rows += one_person_row(comparison.one_person, before=2, columns=len(header))
    return f"{markdown_table(header, rows, left=2)}\n\n{_setting(comparison)}"


def people_per_class_table(comparison: Comparison) -> str:
    """Recall and precision of each expression by people's answer, the most accurate first; nothing without votes."""
    measured = [(row.display_name, row.people) for row in comparison.networks if row.people is not None]
    if not measured or comparison.one_person is None:
        return ""
    rows = []
    for name, people in sorted(measured, key=lambda pair: -pair[1].accuracy):
        pairs = zip(people.per_class("recall"), people.per_class("precision"), strict=True)
        rows.append([name, *(f"{recall:.0%} / {precision:.0%}" for recall, precision in pairs)])
    rows.append([ONE_PERSON, *(f"{comparison.one_person['recall'][name]:.0%} / -" for name in EXPRESSIONS)])
    support = measured[0][1].answer["per_class"]
    rows.append(["images", *(f"{support[name]['support']:,}" for name in EXPRESSIONS)])
    table = markdown_table(["recall / precision", *EXPRESSIONS], rows, left=1)
    return f"By people's answer, on the images on which most of them agree:\n\n{table}\n\nBy the data set's label:"


def copies_table(comparison: Comparison) -> str:
    """Results on all images, and without those that have an exact copy in the training split; nothing if none has."""
    rows = []
    for row in _by_accuracy(comparison):
        without = row.without_copies
        if without is None:
            continue
        people = (row.people.answer if row.people else None, without.people)
        pairs = (*(each and each["accuracy"] for each in people), row.accuracy, without.evaluation["accuracy"])
        rows.append([row.display_name, *("-" if each is None else f"{each:.2%}" for each in pairs)])
    header = ["network", "people's answer", "without copies", "label: accuracy", "without copies"]
    heading = "## Without the images that have an exact copy in the training split"
    return f"{heading}\n\n{markdown_table(header, rows, left=1)}" if rows else ""


def per_class_table(comparison: Comparison) -> str:
    """Recall and F1 of each expression, the most accurate network first."""
    rows = [
        [
            row.display_name,
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
    by_people = any(row.people for row in comparison.networks)
    floats = {row.parent_sha256: row for row in comparison.networks if row.precision == "fp32"}
    rows = []
    for row in _by_accuracy(comparison):
        if row.package or row.precision != "int8" or row.agreement is None or row.accuracy_drop is None:
            continue
        before = floats.get(row.parent_sha256)
        people = [_people_accuracy(before), _people_accuracy(row)] if by_people else []
        accuracy = before.accuracy if before else row.accuracy + row.accuracy_drop
        rows.append(
            [
                row.display_name,
                *people,
                f"{accuracy:.2%}",
                f"{row.accuracy:.2%}",
                f"{100 * (row.accuracy - accuracy):+.2f}",
                f"{row.agreement:.1%}",
                f"{before.calibration_error:.4f}" if before else "-",
                f"{row.calibration_error:.4f}",
                f"{before.bytes / row.bytes:.1f}" if before else "-",
            ]
        )
    names = ["people's answer: float32", "int8", "label: float32"] if by_people else ["float32"]
    header = ["network", *names, "int8", "points", "agreement", "ECE float32", "ECE int8", "times smaller"]
    return markdown_table(header, rows, left=1)


def _people_accuracy(row: Network | None) -> str:
    return f"{row.people.accuracy:.2%}" if row is not None and row.people is not None else "-"


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


def _by_accuracy(comparison: Comparison) -> list[Network]:
    return sorted(comparison.networks, key=lambda row: row.first_accuracy, reverse=True)


def _setting(comparison: Comparison) -> str:
    machine, runtime = comparison.machine, comparison.networks[0].runtime
    return (
        f"{comparison.images:,} validation images of {comparison.data}; {comparison.rounds} interleaved rounds, "
        f"batch 1, one thread, {runtime}, {machine['processor']}, load {machine['load_average']}."
    )


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
        "people-per-class": people_per_class_table(comparison),
        "per-class": per_class_table(comparison),
        "copies": copies_table(comparison),
        "quantization": quantization_table(comparison),
    }
    if ablation.is_file():
        sections["ablation"] = ablation_table(_read_ablation(ablation))
    fill_page(page, sections)
    plot_pareto(comparison, plot)
    stdout().print(f"written: {page} ({', '.join(sections)}), {plot}")


def _read_ablation(path: Path) -> dict[str, Any]:
    try:
        ablation: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        ablation_table(ablation)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: expected setup and rows of figures ({error!r})") from error
    return ablation


if __name__ == "__main__":
    run_command(command)
