"""Options and helpers that several commands share."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

from fer_edge.cli.consoles import stderr
from fer_edge.cli.file_roles import FileRole, roles
from fer_edge.dataset.data import Dataset, ImageFault
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC, load_dataset
from fer_edge.errors import InputError
from fer_edge.names import printable
from fer_edge.tables import make_table

_PICTURE_SUFFIXES = (".png", ".svg", ".pdf")
_REFRESH_S = 0.5
_OTHERS, _NOTE = 60, 35
"""Columns of a terminal for everything in a progress display but its bar, and for a note."""

_SHORTEST_BAR, _LONGEST_BAR = 5, 40
_LEAST_DESCRIPTION = 8

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
    with stderr.status("reading the images"):
        return load_dataset(data, seed=seed, allow_download=lambda what: yes or _ask(what))


def report_data(dataset: Dataset, *, strict: bool = False) -> None:
    """Show on stderr what was found in labelled faces.

    Raises:
        DataError: If a fault was found and `strict` is set.
    """
    for note in dataset.notes:
        stderr.print(f"note: {note}")
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
    for finding in ImageFault:
        counts = [dataset.findings[name][finding] for name in names]
        if any(counts):
            table.add_row(finding.value, *(f"{count:,}" for count in counts))
    stderr.print(table)


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


@contextmanager
def progress_bar(description: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how many of `total` are done, and shows it with the time left, on stderr."""
    with make_progress() as progress:
        task = progress.add_task(description, total=total)

        def advance(done: int) -> None:
            progress.update(task, completed=done)

        yield advance


class DescriptionColumn(TextColumn):
    """A task's description, which may hold the name of a file."""

    def __init__(self) -> None:
        column = Column(no_wrap=True, overflow="ellipsis", max_width=max(stderr.width // 3, _LEAST_DESCRIPTION))
        super().__init__("{task.description}", markup=False, table_column=column)

    def render(self, task: Task) -> Text:
        """Return the description as it is, control characters escaped."""
        return Text(printable(task.description))


def make_progress(*, with_notes: bool = False) -> Progress:
    """A progress display on stderr with a bar, a count, the time so far and the time left.

    Args:
        with_notes: Show each task's field `note`, too.
    """
    # What does not fit into the line goes on in the next.
    note = TextColumn("{task.fields[note]}", markup=False, table_column=Column(no_wrap=False))
    return _make_display(MofNCompleteColumn(), *[note] * with_notes)


def _make_display(count: ProgressColumn, *notes: ProgressColumn, auto_refresh: bool = True) -> Progress:
    """A display that fits the terminal: a narrow one gets a short bar and the time left only."""
    room = stderr.width - _OTHERS - len(notes) * _NOTE
    is_narrow = room < 0
    times = [TimeRemainingColumn()] if is_narrow else [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    return Progress(
        DescriptionColumn(),
        BarColumn(max(min(room, _LONGEST_BAR), _SHORTEST_BAR)),
        count,
        *times,
        *notes,
        console=stderr,
        transient=True,
        auto_refresh=auto_refresh,
        disable=not stderr.is_terminal,
    )


@contextmanager
def stages_display() -> Iterator[Callable[[str, float], None]]:
    """Yield a function that is told what is being done and how much of it is done, 0..1, and shows it on stderr.

    It draws only while it is called, and seldom: a display that draws by itself would disturb what is timed meanwhile.
    """
    progress = _make_display(TextColumn("{task.percentage:>3.0f} %"), auto_refresh=False)
    with progress:
        task = progress.add_task("", total=1.0)
        drawn = 0.0

        def show(stage: str, done: float) -> None:
            nonlocal drawn
            began = stage != progress.tasks[0].description
            if began:
                progress.reset(task, description=stage)
            if began or done >= 1 or time.monotonic() - drawn >= _REFRESH_S:
                progress.update(task, completed=done, refresh=True)
                drawn = time.monotonic()

        yield show
