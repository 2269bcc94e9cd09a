"""Entry of this package's programs: options that several have, and one line for an expected error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from fer_edge.dataset.data import Dataset
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC, load_dataset
from fer_edge.dataset.official_split import JoinedDataset, join_fer2013_votes, restore_official_split
from fer_edge.dataset.votes_csv import join_votes, read_votes_csv
from fer_edge.errors import FerEdgeError
from fer_edge.terminal import stderr

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


def load_voted_dataset(data: str | None, votes_file: Path | None = None, *, official_split: bool = False) -> Dataset:
    """Load labelled faces with people's votes: FER+'s on images of FER2013, unless a file of votes is given.

    Args:
        data: As `fer_edge.dataset.loading.load_dataset` takes it.
        votes_file: CSV of votes, as `fer-edge evaluate` takes it.
        official_split: Whether to divide a copy of FER2013 as FER2013 is.

    Raises:
        FerEdgeError: If the faces or the votes cannot be read.
    """
    dataset = load_dataset(data)
    for each in dataset.notes:
        note(each)
    is_synthetic = dataset.source == SYNTHETIC and not official_split
    joined = JoinedDataset(dataset, {}) if is_synthetic else join_fer2013_votes(dataset)
    if official_split:
        joined = restore_official_split(joined)
    if votes_file is None:
        return joined.dataset
    voted, summary = join_votes(joined.dataset, read_votes_csv(votes_file))
    note(summary)
    return voted
