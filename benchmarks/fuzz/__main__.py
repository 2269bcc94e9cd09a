"""`make fuzz`: damaged and hostile input through the command line; a table, findings and fuzz.json in runs/fuzz."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import click

from benchmarks.entry import run_command
from benchmarks.figures.pages import fill_page, markdown_table
from benchmarks.fuzz.attempt import Fault, FuzzInput, attempt
from benchmarks.fuzz.hunt import KINDS, Batch, Tally, hunt, plan, prepare
from fer_edge.errors import InputError
from fer_edge.files import write_atomic
from fer_edge.terminal.consoles import make_progress, stdout
from fer_edge.terminal.tables import make_table

SCHEMA_VERSION = 1


@click.command()
@click.option("--inputs", type=click.IntRange(1), default=1500, show_default=True, help="Inputs, of all kinds.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="End after so many.  [default: no limit]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same gives the same inputs.")
@click.option("--kind", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Only this; may be given again.")
@click.option(
    "--workers", type=click.IntRange(1), default=os.cpu_count() or 1, help="Processes.  [default: one a core]"
)
@click.option("--repeat", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Only this finding again.")
@click.option("--page", type=click.Path(path_type=Path), help="Fill in this page's section `figures: fuzz`.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs/fuzz"), show_default=True, help="Folder.")
def command(
    inputs: int,
    minutes: float | None,
    seed: int,
    kinds: tuple[str, ...],
    workers: int,
    repeat: Path | None,
    page: Path | None,
    output: Path,
) -> None:
    """Give the command line damaged and hostile input, and exit with 1 if it does anything but refuse it in a line."""
    if not sys.platform.startswith("linux"):
        raise InputError("expected Linux, whose /proc tells a process's memory; run it in a container")
    if repeat is not None:
        sys.exit(_repeat(FuzzInput.from_json(repeat.read_text(encoding="utf-8"))))
    start = time.monotonic()
    tallies = _hunt(plan(inputs, seed, kinds or tuple(KINDS)), workers, output, minutes)
    facts = _facts(tallies, seed, time.monotonic() - start)
    write_atomic(output / "fuzz.json", json.dumps(facts, indent=1) + "\n")
    _print(tallies)
    stdout().print(f"written: {output}/fuzz.json", markup=False)
    if page is not None:
        fill_page(page, {"fuzz": _section(tallies, facts)})
    if any(tally.faults for tally in tallies.values()):
        stdout().print(f"findings: {output}/*.json; see one again with --repeat FILE", markup=False)
        sys.exit(1)


def _hunt(batches: list[Batch], workers: int, output: Path, minutes: float | None) -> dict[str, Tally]:
    ends_at = float("inf") if minutes is None else time.monotonic() + 60 * minutes
    tallies = {kind: Tally() for kind, _, _ in batches}
    # Ctrl-C ends a long hunt; what was tried until then counts.
    with make_progress() as progress, suppress(KeyboardInterrupt):
        task = progress.add_task("inputs", total=sum(count for _, _, count in batches))
        for kind, one, outcome in hunt(batches, workers):
            tallies[kind].add(outcome)
            if one is not None and outcome.fault is not None:
                progress.console.print(f"{kind}: {outcome.fault.value}: {_save(one, output)}", markup=False)
            progress.advance(task)
            if time.monotonic() > ends_at:
                break
    return tallies


def _save(one: FuzzInput, output: Path) -> Path:
    text = one.to_json()
    path = output / f"{one.kind.strip('.').replace(' ', '-')}-{sha256(text.encode()).hexdigest()[:10]}.json"
    write_atomic(path, text)
    return path


def _repeat(one: FuzzInput) -> int:
    prepare(one.kind)
    outcome = attempt(one)
    print("fer-edge", *map(ascii, one.arguments))
    print(outcome.stdout + outcome.stderr)
    used = f"{outcome.processor_s:.1f} s, {outcome.memory_bytes / 1e6:.0f} MB above the start"
    print(f"exit code {outcome.exit_code}, {used}")
    print(f"fault: {outcome.fault.value if outcome.fault else 'none'}")
    return int(outcome.fault is not None)


_LEFT = ["input"]
_RIGHT = ["tried", "accepted", "refused", *(fault.value for fault in Fault), "most s", "most MB"]


def _cells(tally: Tally) -> list[str]:
    return [
        f"{tally.exits.total():,}",
        f"{tally.exits[0]:,}",
        f"{tally.exits[1] + tally.exits[2]:,}",
        *(str(tally.faults[fault]) for fault in Fault),
        f"{tally.most_processor_s:.1f}",
        f"{max(tally.most_memory_bytes, 0) / 1e6:.0f}",
    ]


def _whole(tallies: dict[str, Tally]) -> Tally:
    whole = Tally()
    for one in tallies.values():
        whole.exits += one.exits
        whole.faults += one.faults
        whole.most_processor_s = max(whole.most_processor_s, one.most_processor_s)
        whole.most_memory_bytes = max(whole.most_memory_bytes, one.most_memory_bytes)
    return whole


def _print(tallies: dict[str, Tally]) -> None:
    table = make_table("fuzz", _LEFT, _RIGHT)
    for kind, tally in tallies.items():
        table.add_row(kind, *_cells(tally))
    table.add_section()
    table.add_row("all", *_cells(_whole(tallies)))
    stdout().print(table)


def _section(tallies: dict[str, Tally], facts: dict[str, object]) -> str:
    rows = [[kind, *_cells(tally)] for kind, tally in {**tallies, "**all**": _whole(tallies)}.items()]
    made = (
        f"`make fuzz` with {_whole(tallies).exits.total():,} inputs and seed {facts['seed']}, in {facts['seconds']} s"
    )
    return f"{made}, Python {facts['python']}:\n\n{markdown_table([*_LEFT, *_RIGHT], rows, left=1)}"


def _facts(tallies: dict[str, Tally], seed: int, seconds: float) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "seconds": round(seconds),
        "python": platform.python_version(),
        "kinds": {
            kind: {
                "exit_codes": dict(sorted(tally.exits.items())),
                "faults": {fault.value: count for fault, count in tally.faults.items()},
                "most_processor_s": round(tally.most_processor_s, 2),
                "most_memory_bytes": tally.most_memory_bytes,
            }
            for kind, tally in tallies.items()
        },
    }


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # threads do not survive a fork
    run_command(command)
