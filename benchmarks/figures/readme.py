"""`make figures`: the README's figures from what `pytest benchmarks` measured; the prose stays."""

from __future__ import annotations

import textwrap
from pathlib import Path

import click

from benchmarks.entry import run_command
from benchmarks.figures.measured import (
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
from benchmarks.figures.people_columns import NONE, one_person_row
from fer_edge.benchmark.report_json import Report
from fer_edge.terminal.consoles import stdout

_COLUMNS = 118


def answer_section(report: Report) -> str:
    """Return a sentence on the best shipped file beside one person; "" without votes."""
    shipped = [(each.network, quality_of(each).people) for each in report.each_file if is_shipped(each)]
    answers = [(network, people) for network, people in shipped if people is not None]
    person = one_person(report)
    if not answers or person is None:
        return ""
    network, people = max(answers, key=lambda pair: pair[1].accuracy)
    return textwrap.fill(
        f"Trained networks are included. On {people.images:,} faces on which most of ten people agree, `{network}` "
        f"gives their answer for **{100 * people.accuracy:.1f} %**, and one person that of the others for "
        f"{100 * person['accuracy']:.1f} % ([measured](#how-good-is-it)).",
        _COLUMNS,
        break_on_hyphens=False,
    )


def networks_section(report: Report) -> str:
    """Return each network's int8 file and the peers' files, the fastest first."""
    chosen = [result for result in network_files(report) if result.role == "peer" or result.precision == "int8"]
    has_votes = any(quality_of(result).people for result in chosen)
    header = ["network", *(["people's answer", "mean recall"] if has_votes else [])]
    header += ["label accuracy", "bytes", "M mult.", "p50 ms"]
    rows = []
    for result in sorted(chosen, key=lambda result: result.model.p50):
        quality = quality_of(result)
        people = quality.people
        answer = [NONE, NONE] if people is None else [percent(people.accuracy), fraction(people.mean_recall)]
        rows.append(
            [
                network_words(result),
                *(answer if has_votes else []),
                percent(quality.accuracy),
                f"{result.bytes:,}",
                NONE if result.macs is None else f"{result.macs / 1e6:.1f}",
                f"{result.model.p50:.3f}",
            ]
        )
    rows += one_person_row(one_person(report), before=1, columns=len(header))
    table = markdown_table(header, rows, left=1)
    return f"{table}\n\n{textwrap.fill(setting(report), _COLUMNS, break_on_hyphens=False)}"


@click.command()
@report_option
@click.option(
    "--page", type=click.Path(path_type=Path), default=Path("README.md"), show_default=True, help="Page to fill in."
)
@force_option
def command(source: Path, page: Path, force: bool) -> None:
    """Fill in the figures of PAGE from the report."""
    report = read_valid_report(source, force=force)
    sections = {"answer": answer_section(report), "shipped": networks_section(report)}
    fill_page(page, sections)
    stdout().print(f"written: {page} ({', '.join(sections)})")


if __name__ == "__main__":
    run_command(command)
