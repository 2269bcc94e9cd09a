"""`make figures`: docs/networks.md and its picture from what `pytest benchmarks` measured; the prose stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from benchmarks.entry import run_command
from benchmarks.figures.documented import files_section, training_section
from benchmarks.figures.measured import (
    display_name,
    first_accuracy,
    force_option,
    network_files,
    one_person,
    quality_of,
    read_valid_report,
    report_option,
    setting,
)
from benchmarks.figures.pages import fill_page, markdown_table, size_words
from benchmarks.figures.pareto import plot_pareto
from benchmarks.figures.people_columns import NONE, one_person_row, people_cells, people_header
from benchmarks.peers.peers import PEERS
from fer_edge.benchmark.report.float_parent import changes_from, float_parent
from fer_edge.benchmark.report.people import ONE_PERSON
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.terminal.consoles import stdout

_REFERENCE = PEERS[0]
"""Peer whose time the others are divided by, where it was measured."""


def networks_table(report: Report) -> str:
    """Return size, accuracy and latency of each network, the fastest first."""
    files = network_files(report)
    people = [quality_of(each).people for each in files]
    reference = next((each for each in files if each.sha256 == _REFERENCE.sha256), None)
    header = ["network", "weights", *people_header(people), "file", "parameters", "MMAC"]
    header += ["label: accuracy" if any(people) else "accuracy", "macro-F1", "ECE", "p50", "p90", "frame, p50"]
    header += [f"time, `{_REFERENCE.name}` = 1"] if reference else []
    rows = []
    for each in sorted(files, key=lambda each: each.model.p50):
        quality = quality_of(each)
        rows.append(
            [
                display_name(each),
                each.precision,
                *people_cells(quality.people, people),
                size_words(each.bytes),
                NONE if each.parameters is None else f"{each.parameters:,}",
                NONE if each.macs is None else f"{each.macs / 1e6:.1f}",
                f"{quality.accuracy:.1%}",
                f"{quality.macro_f1:.3f}",
                f"{quality.calibration_error:.3f}",
                *(NONE if ms is None else f"{ms:.2f} ms" for ms in (each.model.p50, each.model.p90, each.frame.p50)),
                *([f"{each.model.p50 / reference.model.p50:.2f}"] if reference else []),
            ]
        )
    rows += one_person_row(one_person(report), before=2, columns=len(header))
    return f"{markdown_table(header, rows, left=2)}\n\n{setting(report)}"


def people_per_class_table(report: Report) -> str:
    """Return recall and precision of each expression by people's answer, the most accurate first; "" without votes."""
    measured = [(display_name(each), quality_of(each).people) for each in _by_accuracy(report)]
    voted = [(name, people) for name, people in measured if people is not None]
    person = one_person(report)
    if not voted or person is None:
        return ""
    rows = []
    for name, people in voted:
        pairs = zip(people.per_class("recall"), people.per_class("precision"), strict=True)
        rows.append([name, *(f"{recall:.0%} / {precision:.0%}" for recall, precision in pairs)])
    rows.append([ONE_PERSON, *(f"{person['recall'][name]:.0%} / -" for name in EXPRESSIONS)])
    rows.append(_support_row(voted[0][1].support))
    table = markdown_table(["recall / precision", *EXPRESSIONS], rows, left=1)
    return f"By people's answer, on the images on which most of them agree:\n\n{table}\n\nBy the data set's label:"


def copies_table(report: Report) -> str:
    """Return results with and without images that have an exact copy in the training split; "" if none has."""
    rows = []
    for each in _by_accuracy(report):
        quality = quality_of(each)
        without = quality.without_copies
        if without is None:
            continue
        people = (quality.people.answer if quality.people else None, without.people)
        pairs = (*(each and each["accuracy"] for each in people), quality.accuracy, without.evaluation["accuracy"])
        rows.append([display_name(each), *(NONE if share is None else f"{share:.2%}" for share in pairs)])
    header = ["network", "people's answer", "without copies", "label: accuracy", "without copies"]
    heading = "## Without the images that have an exact copy in the training split"
    return f"{heading}\n\n{markdown_table(header, rows, left=1)}" if rows else ""


def per_class_table(report: Report) -> str:
    """Return recall and F1 of each expression by the data set's label, the most accurate network first."""
    rows = []
    for each in _by_accuracy(report):
        pairs = zip(quality_of(each).per_class("recall"), quality_of(each).per_class("f1"), strict=True)
        rows.append([display_name(each), *(f"{recall:.0%} / {f1:.2f}" for recall, f1 in pairs)])
    support = quality_of(network_files(report)[0]).support
    return markdown_table(["recall / F1", *EXPRESSIONS], [*rows, _support_row(support)], left=1)


def quantization_table(report: Report) -> str:
    """Return each int8 file beside its float32 file, or beside the full model where there is no such file."""
    files = network_files(report)
    by_people = any(quality_of(each).people for each in files)
    rows = []
    for each in _by_accuracy(report):
        before = _float_file(report, each)
        changes = None if before is None else changes_from(report, each, before)
        if each.role == "file" and each.precision == "int8" and before is not None and changes is not None:
            quality, quality_before = quality_of(each), quality_of(before)
            agreement = 1 - changes.changed / changes.images if quality.agreement is None else quality.agreement
            rows.append(
                [
                    display_name(each),
                    *([_people_accuracy(before), _people_accuracy(each)] if by_people else []),
                    f"{quality_before.accuracy:.2%}",
                    f"{quality.accuracy:.2%}",
                    f"{100 * (quality.accuracy - quality_before.accuracy):+.2f}",
                    f"{agreement:.1%}",
                    f"{quality_before.calibration_error:.4f}",
                    f"{quality.calibration_error:.4f}",
                    f"{before.bytes / each.bytes:.1f}",
                ]
            )
    names = ["people's answer: float32", "int8", "label: float32"] if by_people else ["float32"]
    header = ["network", *names, "int8", "points", "agreement", "ECE float32", "ECE int8", "times smaller"]
    return markdown_table(header, rows, left=1)


def ablation_table(ablation: dict[str, Any]) -> str:
    """Return what each part of the recipe is worth, the rows in the file's order.

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


def _by_accuracy(report: Report) -> list[Result]:
    return sorted(network_files(report), key=first_accuracy, reverse=True)


def _float_file(report: Report, result: Result) -> Result | None:
    """Return the float32 TFLite file of the same full model; else the model that the report compares the file with."""
    floats = [each for each in network_files(report) if each.role == "file" and each.precision == "fp32"]
    siblings = (each for each in floats if result.parent is not None and each.parent == result.parent)
    return next(siblings, None) or float_parent(report, result)


def _people_accuracy(result: Result) -> str:
    people = quality_of(result).people
    return NONE if people is None else f"{people.accuracy:.2%}"


def _support_row(support: Sequence[int]) -> list[str]:
    return ["images", *(f"{images:,}" for images in support)]


@click.command()
@report_option
@click.option("--ablation", type=click.Path(path_type=Path), default=Path("docs/ablation.json"), show_default=True)
@click.option("--page", type=click.Path(path_type=Path), default=Path("docs/networks.md"), show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), default=Path("docs/images/pareto.png"), show_default=True)
@click.option(
    "--log-page", type=click.Path(path_type=Path), default=Path("docs/how-networks-were-made.md"), show_default=True
)
@force_option
def command(source: Path, ablation: Path, page: Path, log_page: Path, plot: Path, force: bool) -> None:
    """Fill in the tables of PAGE and draw PLOT from the report, and those of LOG_PAGE from ABLATION where it exists.

    The documented network's table is kept where the report lacks it, and so is the sentence on the training step where
    training_speed.json does not lie beside the report.
    """
    report = read_valid_report(source, force=force)
    sections = {
        "networks": networks_table(report),
        "people-per-class": people_per_class_table(report),
        "per-class": per_class_table(report),
        "copies": copies_table(report),
        "quantization": quantization_table(report),
    }
    training = source.with_name("training_speed.json")
    if files := files_section(report):
        sections["files"] = files
    if training.is_file():
        sections["training"] = training_section(json.loads(training.read_text(encoding="utf-8")))
    fill_page(page, sections)
    if ablation.is_file():
        fill_page(log_page, {"ablation": ablation_table(_read_ablation(ablation))})
    plot_pareto(report, plot)
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
