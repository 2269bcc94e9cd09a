"""Options and helpers that several commands share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from fer_edge.cli.file_roles import FileRole, roles
from fer_edge.dataset.data import Dataset, Finding
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC, load_dataset
from fer_edge.errors import InputError
from fer_edge.tables import make_table
from fer_edge.terminal import stderr

_PICTURE_SUFFIXES = (".png", ".svg", ".pdf")

data_option = click.option(
    "--data",
    metavar="PATH|synthetic",
    help="Labelled faces: the Kaggle zip as downloaded, a folder with train/ and validation/, fer2013.csv, or the word "
    "synthetic.  [default: $FER_EDGE_DATA, then Kaggle's copy]",
)
strict_option = click.option("--strict", is_flag=True, help="Make every fault found in the images an error.")
yes_option = click.option("--yes", is_flag=True, help="Agree to a download without being asked.")


def data_roles(data: str | None) -> list[FileRole]:
    """The labelled faces that `read_data` would read, where they are known beforehand."""
    data = data or os.environ.get(DATA_ENV)
    return [] if data == SYNTHETIC else roles("--data", data or None)


def read_data(data: str | None, *, yes: bool = False, strict: bool = False, seed: int = 0) -> Dataset:
    """Read labelled faces, report on stderr what was found, and ask before anything is downloaded."""
    dataset = load_data(data, yes=yes, seed=seed)
    report_data(dataset, strict=strict)
    return dataset


def load_data(data: str | None, *, yes: bool = False, seed: int = 0) -> Dataset:
    """Read labelled faces, and ask before anything is downloaded."""
    with stderr().status("reading the images"):
        return load_dataset(data, seed=seed, allow_download=lambda what: yes or _ask(what))


def report_data(dataset: Dataset, *, strict: bool = False) -> None:
    """Show on stderr what was found in labelled faces.

    Raises:
        DataError: If a fault was found and `strict` is set.
    """
    for note in dataset.notes:
        stderr().print(f"note: {note}")
    _print_findings(dataset)
    if strict:
        dataset.require_clean()


def _ask(what: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return click.confirm(f"Download {what} from Kaggle (about 60 MB)?", err=True)


def _print_findings(dataset: Dataset) -> None:
    names = list(dataset.splits)
    table = make_table(dataset.name, ["images"], [name.value for name in names])
    table.add_row("usable", *(f"{len(dataset.splits[name]):,}" for name in names))
    for finding in Finding:
        counts = [dataset.findings[name][finding] for name in names]
        if any(counts):
            table.add_row(finding.value, *(f"{count:,}" for count in counts))
    stderr().print(table)


def require_picture_name(option: str, path: Path) -> None:
    """Check that a picture can be written under a name, before any work is done for it.

    Raises:
        InputError: If its ending is none of a picture's.
    """
    if path.suffix.lower() not in _PICTURE_SUFFIXES:
        raise InputError(
            f"{option} {path}: expected a name that ends in {' or '.join(_PICTURE_SUFFIXES)}, got "
            f"{path.suffix or 'no ending'}"
        )
