"""Results of report.json that the README and the documents publish, their names and their setting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmarks.peers.peers import PEERS
from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.errors import InputError
from fer_edge.files import sha256_file
from fer_edge.models import shipped_models
from fer_edge.training.run_folder import RUNS

DOCUMENTED = "documented"

report_option = click.option(
    "--report",
    "source",
    type=click.Path(path_type=Path),
    default=RUNS / "benchmark" / "report.json",
    show_default=True,
    help="Report of pytest benchmarks.",
)
force_option = click.option("--force", is_flag=True, help="Publish the times of an invalid run, too.")


def read_valid_report(source: Path, *, force: bool) -> Report:
    """Read a report whose figures can be published.

    Args:
        source: report.json.
        force: Accept the times of an invalid run.

    Raises:
        InputError: If it cannot be read, or the run is invalid.
    """
    report = Report.read(source)
    if report.board.faults and not force:
        faults = "; ".join(report.board.faults)
        raise InputError(f"{source}: the run is invalid ({faults}); measure again while nothing else runs, or --force")
    return report


def is_shipped(result: Result) -> bool:
    """Return whether the file ships with the package."""
    return result.sha256 in {sha256_file(path) for path in shipped_models().values()}


def network_files(report: Report) -> list[Result]:
    """Return the float32 and int8 TFLite files and the peers' files, each in its preferred interpreter."""
    return [
        each
        for each in report.each_file
        if each.role == "peer"
        or (each.role == "file" and each.precision in ("fp32", "int8") and each.file.endswith(".tflite"))
    ]


def display_name(result: Result) -> str:
    """Return the short name of a file: its stem, or a peer's package and version."""
    names = {peer.sha256: f"{peer.name} {peer.version}" for peer in PEERS}
    return names.get(result.sha256) or result.plain_name.removesuffix(".tflite")


def network_words(result: Result) -> str:
    """Return the name of a file's network and its precision, as tables show it."""
    if result.role == "peer":
        names = {peer.sha256: f"`{peer.name}` {peer.version}'s own file" for peer in PEERS}
        return names.get(result.sha256, f"`{result.file}`")
    if is_shipped(result):
        return f"**`{result.network}`**, {result.precision}, shipped"
    if result.network == DOCUMENTED:
        return f"documented CNN, {result.precision}"
    return f"`{result.network}`, {result.precision}"


def quality_of(result: Result) -> Quality:
    """Return a result's quality.

    Raises:
        InputError: If accuracy was not measured.
    """
    if result.quality is None:
        raise InputError(f"expected a report with accuracy, got none of {result.name}; give labelled faces")
    return result.quality


def first_accuracy(result: Result) -> float:
    """Return accuracy by people's answer where it was measured, else by the label, 0..1."""
    quality = quality_of(result)
    return quality.accuracy if quality.people is None else quality.people.accuracy


def one_person(report: Report) -> dict[str, Any] | None:
    """Return one person's results, as `OnePerson.as_dict` gives them; `None` without votes."""
    return report.data.one_person if report.data is not None else None


def setting(report: Report) -> str:
    """Describe in a sentence which images, rounds, runtimes and processor the figures are from."""
    data, facts = report.data, report.board.facts
    runtimes = sorted({result.runtime for result in report.each_file if result.file.endswith(".tflite")})
    agreed = f", {data.majorities:,} of them with a majority" if data and data.majorities else ""
    images = f"{data.images:,} {data.split} images of {data.name}{agreed}; " if data else ""
    return (
        f"{images}{report.method.rounds:,} rounds in turns, one face at a time, one thread, {', '.join(runtimes)}, "
        f"{facts.get('processor') or facts.get('machine')}."
    )


def percent(share: float) -> str:
    """Format a share, 0..1, in percent."""
    return f"{100 * share:.2f} %"


def fraction(value: float, places: int = 3) -> str:
    """Format a number between 0 and 1 without the leading zero."""
    return f"{value:.{places}f}".removeprefix("0")
