"""`make figures`: the README's tables from what `pytest benchmarks` measured; the prose stays."""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchmarks.entry import run_command
from benchmarks.figures.measured import (
    DOCUMENTED,
    force_option,
    fraction,
    is_shipped,
    network_files,
    network_words,
    one_person,
    percent,
    quality_of,
    read_valid_report,
    report_option,
    setting,
)
from benchmarks.figures.pages import fill_page, markdown_table
from benchmarks.figures.people_columns import one_person_row, people_cells, people_header
from fer_edge.benchmark.report_json import Report
from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.terminal import stdout

_FEAR = EXPRESSIONS.index("fear")


def networks_section(report: Report) -> str:
    """Return each network's int8 file and the peers' files, the fastest first."""
    chosen = [result for result in network_files(report) if result.role == "peer" or result.precision == "int8"]
    people = [quality_of(result).people for result in chosen]
    header = ["network", *people_header(people), "bytes", "million multiplications", "p50 ms"]
    header += ["label: accuracy" if any(people) else "accuracy", "macro-F1", "recall of fear", "calibration error"]
    rows = []
    for result in sorted(chosen, key=lambda result: result.model.p50):
        quality = quality_of(result)
        rows.append(
            [
                network_words(result),
                *people_cells(quality.people, people),
                f"{result.bytes:,}",
                "-" if result.macs is None else f"{result.macs / 1e6:.1f}",
                f"{result.model.p50:.3f}",
                percent(quality.accuracy),
                fraction(quality.macro_f1),
                fraction(quality.per_class("recall")[_FEAR]),
                fraction(quality.calibration_error),
            ]
        )
    rows += one_person_row(one_person(report), before=1, columns=len(header))
    return "\n\n".join([*_answer_in_words(report), markdown_table(header, rows, left=1), setting(report)])


def files_section(report: Report, network: str = DOCUMENTED) -> str:
    """Return a full model and its files, each in its preferred engine.

    Raises:
        InputError: If the full model was not measured.
    """
    full = next((result for result in report.results if (result.role, result.network) == ("full", network)), None)
    if full is None:
        raise InputError(f"expected a report with the full {network} network, got one without it")
    chosen = [result for result in report.each_file if result is full or report.parent_of(result) is full]
    people = [quality_of(result).people for result in chosen]
    header = ["file", "runtime", *people_header(people), "bytes", "p50 ms", "p90 ms", "times faster"]
    header += ["label: accuracy" if any(people) else "accuracy", "macro-F1", "agreement"]
    rows = []
    for result in chosen:
        quality, p90 = quality_of(result), result.model.p90
        rows.append(
            [
                f"`{result.file}`",
                result.runtime,
                *people_cells(quality.people, people),
                f"{result.bytes:,}",
                f"{result.model.p50:.3f}",
                "-" if p90 is None else f"{p90:.3f}",
                f"{full.model.p50 / result.model.p50:.1f}",
                percent(quality.accuracy),
                fraction(quality.macro_f1, 4),
                percent(1.0 if quality.agreement is None else quality.agreement),
            ]
        )
    rows += one_person_row(one_person(report), before=2, columns=len(header))
    return markdown_table(header, rows, left=2)


def training_section(seconds: dict[str, float]) -> str:
    """Return a sentence on seconds per training step: plain Keras first, then float32 and bfloat16 here."""
    plain, float32, bfloat16 = seconds.values()
    return (
        f"A training step of 128 images takes {plain:.3f} s in plain Keras over a folder, {float32:.3f} s here in "
        f"float32 and {bfloat16:.3f} s in bfloat16,\nwhich is the default where the processor has it."
    )


def _answer_in_words(report: Report) -> list[str]:
    """Return a sentence on the best shipped file and one person; nothing without votes."""
    shipped = [(each.network, quality_of(each).people) for each in report.each_file if is_shipped(each)]
    answers = [(network, people) for network, people in shipped if people is not None]
    person = one_person(report)
    if not answers or person is None:
        return []
    network, people = max(answers, key=lambda pair: pair[1].accuracy)
    return [
        f"On the {people.images:,} images on which most people agree, the shipped `{network}` gives their answer on "
        f"**{100 * people.accuracy:.1f} %**; one person gives that of the others on {100 * person['accuracy']:.1f} %."
    ]


@click.command()
@report_option
@click.option(
    "--page", type=click.Path(path_type=Path), default=Path("README.md"), show_default=True, help="Page to fill in."
)
@force_option
def command(source: Path, page: Path, force: bool) -> None:
    """Fill in the tables of PAGE from the report, and from training_speed.json beside it if that exists."""
    report = read_valid_report(source, force=force)
    sections = {"shipped": networks_section(report), "files": files_section(report)}
    training = source.with_name("training_speed.json")
    if training.is_file():
        sections["training"] = training_section(json.loads(training.read_text(encoding="utf-8")))
    fill_page(page, sections)
    stdout().print(f"written: {page} ({', '.join(sections)})")


if __name__ == "__main__":
    run_command(command)
