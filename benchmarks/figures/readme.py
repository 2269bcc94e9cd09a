"""`make figures`: the README's tables, from what `pytest benchmarks` measured; the prose stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from benchmarks.entry import run_command
from benchmarks.figures.pages import fill_page, markdown_table
from benchmarks.figures.people_columns import one_person_row, people_cells, people_header
from benchmarks.peers.peers import PEERS
from fer_edge.benchmark.results import Quality, Report, Result
from fer_edge.errors import InputError
from fer_edge.files import sha256_file
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import shipped_models
from fer_edge.terminal import stdout
from fer_edge.training.run_folder import RUNS

_DOCUMENTED = "documented"
_FEAR = EXPRESSIONS.index("fear")


def networks_section(report: Report) -> str:
    """Each network's int8 file beside the peers', the fastest first; people's answer, where measured, comes first."""
    chosen = [
        result
        for result in report.each_file
        if result.role == "peer" or (result.precision == "int8" and result.file.endswith(".tflite"))
    ]
    people = [_quality(result).people for result in chosen]
    header = ["network", *people_header(people), "bytes", "million multiplications", "p50 ms"]
    header += ["label: accuracy" if any(people) else "accuracy", "macro-F1", "recall of fear", "calibration error"]
    rows = []
    for result in sorted(chosen, key=lambda result: result.model.p50):
        quality = _quality(result)
        rows.append(
            [
                _network_words(result),
                *people_cells(quality.people, people),
                f"{result.bytes:,}",
                "-" if result.macs is None else f"{result.macs / 1e6:.1f}",
                f"{result.model.p50:.3f}",
                _percent(quality.accuracy),
                _fraction(quality.macro_f1, 3),
                _fraction(quality.recall[_FEAR], 3),
                _fraction(quality.calibration_error, 3),
            ]
        )
    rows += one_person_row(_one_person(report), before=1, columns=len(header))
    return "\n\n".join([*_answer_in_words(report), markdown_table(header, rows, left=1), _setting(report)])


def files_section(report: Report, network: str = _DOCUMENTED) -> str:
    """A full model and its files, each in its preferred interpreter.

    Raises:
        InputError: If the full model was not measured.
    """
    full = next((result for result in report.results if (result.role, result.network) == ("full", network)), None)
    if full is None:
        raise InputError(f"expected a report with the full {network} network, got one without it")
    chosen = [result for result in report.each_file if result is full or report.parent_of(result) is full]
    people = [_quality(result).people for result in chosen]
    header = ["file", "runtime", *people_header(people), "bytes", "p50 ms", "p90 ms", "times faster"]
    header += ["label: accuracy" if any(people) else "accuracy", "macro-F1", "agreement"]
    rows = []
    for result in chosen:
        quality, p90 = _quality(result), result.model.p90
        rows.append(
            [
                f"`{result.file}`",
                result.runtime,
                *people_cells(quality.people, people),
                f"{result.bytes:,}",
                f"{result.model.p50:.3f}",
                "-" if p90 is None else f"{p90:.3f}",
                f"{full.model.p50 / result.model.p50:.1f}",
                _percent(quality.accuracy),
                _fraction(quality.macro_f1, 4),
                _percent(1.0 if quality.agreement is None else quality.agreement),
            ]
        )
    rows += one_person_row(_one_person(report), before=2, columns=len(header))
    return markdown_table(header, rows, left=2)


def training_section(seconds: dict[str, float]) -> str:
    """What a training step takes, in a sentence; plain Keras comes first, then float32 and bfloat16 here."""
    plain, float32, bfloat16 = seconds.values()
    return (
        f"A training step of 128 images takes {plain:.3f} s in plain Keras over a folder, {float32:.3f} s here in "
        f"float32 and {bfloat16:.3f} s in bfloat16,\nwhich is the default where the processor has it."
    )


def _answer_in_words(report: Report) -> list[str]:
    """What the best of the shipped files gives, beside one person; nothing without votes."""
    digests = {sha256_file(path) for path in shipped_models().values()}
    shipped = [(each.network, _quality(each).people) for each in report.each_file if each.sha256 in digests]
    answers = [(network, people) for network, people in shipped if people is not None]
    person = _one_person(report)
    if not answers or person is None:
        return []
    network, people = max(answers, key=lambda pair: pair[1].accuracy)
    return [
        f"On the {people.images:,} images on which most people agree, the shipped `{network}` gives their answer on "
        f"**{100 * people.accuracy:.1f} %**; one person gives that of the others on {100 * person['accuracy']:.1f} %."
    ]


def _one_person(report: Report) -> dict[str, Any] | None:
    return report.data.one_person if report.data is not None else None


def _network_words(result: Result) -> str:
    if result.role == "peer":
        names = {peer.sha256: f"`{peer.name}` {peer.version}'s own file" for peer in PEERS}
        return names.get(result.sha256, f"`{result.file}`")
    if result.network == _DOCUMENTED:
        return f"documented CNN, {result.precision}"
    if result.sha256 in {sha256_file(path) for path in shipped_models().values()}:
        return f"**`{result.network}`**, {result.precision}, shipped"
    return f"`{result.network}`, {result.precision}"


def _setting(report: Report) -> str:
    """What the figures rest on."""
    data, facts = report.data, report.board.facts
    runtimes = sorted({result.runtime for result in report.each_file if result.file.endswith(".tflite")})
    agreed = f", {data.majorities:,} of them with a majority" if data and data.majorities else ""
    images = f"{data.images:,} {data.split} images of {data.name}{agreed}; " if data else ""
    return (
        f"{images}{report.method.rounds:,} rounds in turns, one face at a time, one thread, {', '.join(runtimes)}, "
        f"{facts.get('processor') or facts.get('machine')}."
    )


def _quality(result: Result) -> Quality:
    if result.quality is None:
        raise InputError(f"expected a report with accuracy, got none of {result.name}; give labelled faces")
    return result.quality


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _fraction(value: float, places: int) -> str:
    return f"{value:.{places}f}".removeprefix("0")


@click.command()
@click.option(
    "--report",
    "source",
    type=click.Path(path_type=Path),
    default=RUNS / "benchmark" / "report.json",
    show_default=True,
)
@click.option("--page", type=click.Path(path_type=Path), default=Path("README.md"), show_default=True)
@click.option("--force", is_flag=True, help="Take the figures of a disturbed run, too.")
def command(source: Path, page: Path, force: bool) -> None:
    """Fill in the tables of PAGE from what pytest benchmarks measured, with the pace of training if it is there."""
    report = Report.read(source)
    if report.board.faults and not force:
        faults = "; ".join(report.board.faults)
        raise InputError(f"{source}: the run is invalid ({faults}); measure again while nothing else runs, or --force")
    sections = {"shipped": networks_section(report), "files": files_section(report)}
    training = source.with_name("training_speed.json")
    if training.is_file():
        sections["training"] = training_section(json.loads(training.read_text(encoding="utf-8")))
    fill_page(page, sections)
    stdout().print(f"written: {page} ({', '.join(sections)})")


if __name__ == "__main__":
    run_command(command)
