"""`make soak`: kills, losses and crowds against running streams; a table and soak.json in runs/soak."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from random import Random

import click

from benchmarks.entry import run_command
from benchmarks.figures.pages import fill_page, markdown_table
from benchmarks.soak.scenarios import SCENARIOS, Report, many_frames
from fer_edge.errors import InputError
from fer_edge.files import write_atomic
from fer_edge.terminal.consoles import stdout
from fer_edge.terminal.tables import make_table

SCHEMA_VERSION = 1
_LEFT, _RIGHT = ["scenario", "done"], ["faults"]
_FRAMES = "frames"
_FRAMES_A_MINUTE = 20_000


@click.command()
@click.option("--minutes", type=click.FloatRange(0.1), default=10.0, show_default=True, help="For all scenarios.")
@click.option(
    "--frames", type=click.IntRange(1), help="Frames of the demo beside the others.  [default: 20,000 a minute]"
)
@click.option("--scenario", "chosen", type=click.Choice([*SCENARIOS, _FRAMES]), multiple=True, help="Only this.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the moments.")
@click.option("--page", type=click.Path(path_type=Path), help="Fill in this page's section `figures: soak`.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs/soak"), show_default=True, help="Folder.")
def command(
    minutes: float, frames: int | None, chosen: tuple[str, ...], seed: int, page: Path | None, output: Path
) -> None:
    """Run streams for minutes under what happens to a device in months, and exit with 1 if one does not hold."""
    if not sys.platform.startswith("linux"):
        raise InputError("expected Linux, whose /proc tells a process's memory; run it in a container")
    start = time.monotonic()
    reports = _run(chosen or (*SCENARIOS, _FRAMES), minutes, frames or round(_FRAMES_A_MINUTE * minutes), seed)
    seconds = round(time.monotonic() - start)
    facts = {"schema_version": SCHEMA_VERSION, "seed": seed, "seconds": seconds, "python": platform.python_version()}
    scenarios = {name: asdict(report) for name, report in reports.items()}
    write_atomic(output / "soak.json", json.dumps({**facts, "scenarios": scenarios}, indent=1) + "\n")
    _print(reports)
    stdout().print(f"written: {output}/soak.json", markup=False)
    if page is not None:
        rows = [[name, *_cells(report)] for name, report in reports.items()]
        title = f"`make soak` with seed {seed}, in {seconds} s, Python {platform.python_version()}"
        fill_page(page, {"soak": f"{title}:\n\n{markdown_table([*_LEFT, *_RIGHT], rows, left=2)}"})
    if any(report.faults for report in reports.values()):
        sys.exit(1)


def _run(names: Sequence[str], minutes: float, frames: int, seed: int) -> dict[str, Report]:
    """Run scenarios one after another, and the demo's frames beside them, as they take the whole time."""
    reports = dict[str, Report]()
    with ThreadPoolExecutor(1) as beside:
        many = beside.submit(many_frames, frames) if _FRAMES in names else None
        for name in names:
            stdout().print(f"{name} ...", markup=False)
            if name != _FRAMES:
                scenario, share = SCENARIOS[name]
                reports[name] = scenario(60 * minutes * share, Random(f"{seed} {name}"))
        if many is not None:
            reports[_FRAMES] = many.result()
    return reports


def _cells(report: Report) -> list[str]:
    return [f"skipped: {report.skipped}", "-"] if report.skipped else [report.done, str(len(report.faults))]


def _print(reports: dict[str, Report]) -> None:
    table = make_table("soak", _LEFT, _RIGHT)
    for name, report in reports.items():
        table.add_row(name, *_cells(report))
    stdout().print(table)
    for name, report in reports.items():
        for fault in report.faults[:10]:
            stdout().print(f"{name}: {fault}", markup=False)


if __name__ == "__main__":
    run_command(command)
