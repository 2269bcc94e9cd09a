"""`make processors`: exported and shipped files on emulated processors; runs/processors/processors.json and a table."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from benchmarks.entry import run_command
from benchmarks.pi.processors.cards import record_instruction_sets
from benchmarks.pi.processors.comparison import Comparison, compare_files
from benchmarks.pi.processors.emulation import EMULATED, require_emulator
from fer_edge.board import instruction_set, processor_name
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC, load_dataset
from fer_edge.errors import FerEdgeError
from fer_edge.files import sha256_file, write_atomic
from fer_edge.models import shipped_models
from fer_edge.terminal.consoles import make_progress, stdout
from fer_edge.terminal.tables import make_table
from fer_edge.training.run_folder import RUNS, all_exports

SCHEMA_VERSION = 1


def find_files() -> list[Path]:
    """Return the shipped models and every run's exported files."""
    return [*shipped_models().values(), *all_exports()]


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", metavar="PATH", help=f"Labelled faces; the validation split is used.  [${DATA_ENV}, synthetic]")
@click.option("--faces", type=click.IntRange(1), default=64, show_default=True, help="Number of faces.")
@click.option("--update-cards", is_flag=True, help="Write the instruction sets into the cards of files that pass.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=RUNS / "processors", show_default=True, help="Output folder."
)
def command(files: tuple[Path, ...], data: str | None, faces: int, update_cards: bool, output: Path) -> None:
    """Compare the classes that FILES pick here with those on emulated x86-64 processors without VNNI.

    Without FILES: the shipped models and runs/*/export. The exit code is 1 if a file picks other classes.
    """
    require_emulator()
    paths = list(files) or find_files()
    images = load_dataset(data or os.environ.get(DATA_ENV) or SYNTHETIC).validation.spread(faces).images
    formats = len({path.suffix.lower() for path in paths})
    with make_progress() as progress:
        task = progress.add_task("emulated processors", total=formats * len(EMULATED))
        found = compare_files(paths, images, on_done=lambda: progress.advance(task))
    report = output / "processors.json"
    write_atomic(report, json.dumps(_facts(found), indent=1) + "\n")
    stdout().print(_table(found))
    stdout().print(f"written: {report}")
    failed = {one.file for one in found if one.fault}
    if update_cards:
        for path in paths:
            if path not in failed:
                record_instruction_sets(path, [instruction_set(), *(each.instruction_set for each in EMULATED)])
    if failed:
        raise FerEdgeError(f"{len(failed)} of {len(paths)} files are wrong on a processor: see FAILED above")


def _facts(found: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "native": {"processor": processor_name(), "instruction_set": instruction_set()},
        "comparisons": [
            {**asdict(one), "file": str(one.file), "sha256": sha256_file(one.file), "precision": one.precision.value}
            for one in found
        ],
    }


def _table(found: Sequence[Comparison]) -> Table:
    table = make_table(
        f"best classes, compared with this machine's ({instruction_set()})",
        ["file", "processor", "instruction set", ""],
        ["faces", "other class", "margin", "largest gap"],
    )
    for one in found:
        table.add_row(
            os.path.relpath(one.file),
            one.processor.cpu,
            one.processor.instruction_set,
            Text(f"FAILED: {one.fault}", style="red") if one.fault else Text("passed", style="green"),
            str(one.faces),
            str(one.other_class),
            f"{one.margin:.4f}",
            f"{one.gap:.4f}",
        )
    return table


if __name__ == "__main__":
    run_command(command)
