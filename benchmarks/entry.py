"""Entry of this package's programs: options that several have, and one line for an expected error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from fer_edge.dataset.data import Dataset
from fer_edge.dataset.loading import DATA_ENV
from fer_edge.dataset.voted_faces import load_voted_dataset
from fer_edge.errors import FerEdgeError
from fer_edge.terminal.consoles import stderr

data_option = click.option(
    "--data", metavar="PATH|synthetic", help=f"Labelled faces, as for fer-edge train.  [default: ${DATA_ENV}]"
)
votes_option = click.option(
    "--votes",
    "votes_file",
    type=click.Path(path_type=Path),
    help="CSV of people's votes on the images.  [default: FER+'s, on images of FER2013]",
)


def run_command(command: Callable[[], object]) -> None:
    """Call a click command with the command line's arguments, and exit with its error's code."""
    try:
        command()
    except FerEdgeError as error:
        stderr().print(f"error: {error}", soft_wrap=True)
        sys.exit(error.exit_code)


def note(text: str) -> None:
    """Print a note on standard error."""
    stderr().print(f"note: {text}", soft_wrap=True)


def read_voted_dataset(data: str | None, votes_file: Path | None = None, *, official_split: bool = False) -> Dataset:
    """Load labelled faces as `load_voted_dataset` does, and print its notes on standard error."""
    dataset = load_voted_dataset(data, votes_file, official_split=official_split)
    for each in dataset.notes:
        note(each)
    return dataset
