"""Consoles and progress bars of the terminal: they print names as they are, with no markup in them.

The consoles are built when first used. Whoever redirects file descriptor 2 first gives `sys.stderr` a descriptor of its
own, as `fer_edge.cli` does: else a console built meanwhile takes the terminal for a file.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from rich.console import Console
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

from fer_edge.names import printable, without_passwords
from fer_edge.progress import OnProgress, OnStage

_WIDTH_OF_FILES = 120
"""Columns where the output is no terminal and COLUMNS is not set."""

_REFRESH_S = 0.5
_OTHERS, _NOTE = 60, 35
"""Columns of a terminal for everything in a progress display but its bar, and for a note."""

_SHORTEST_BAR, _LONGEST_BAR = 5, 40
_LEAST_DESCRIPTION = 8


class NameSafeConsole(Console):
    """Console that prints `[v2]`, `[/b]` and `:cat:` as they are, escapes control characters and masks passwords."""

    def __init__(self, *, stderr: bool = False) -> None:
        """Build a console of standard output, or of standard error if `stderr` is set."""
        stream = sys.stderr if stderr else sys.stdout
        is_sized = os.environ.get("COLUMNS", "").isdigit() or (stream is not None and stream.isatty())
        width = None if is_sized else _WIDTH_OF_FILES
        super().__init__(highlight=False, markup=False, emoji=False, width=width, stderr=stderr)

    def render_str(self, text: str, **options: Any) -> Text:
        """Escape what a terminal would obey, but for line breaks, and mask the passwords of addresses."""
        lines = without_passwords(text).split("\n")
        return super().render_str("\n".join(map(printable, lines)), **options)

    def on_broken_pipe(self) -> None:
        """Raise the error, where rich would end the process: what happens when the reader has gone is the caller's."""
        raise BrokenPipeError


@cache
def stdout() -> NameSafeConsole:
    """Return the console of standard output."""
    return NameSafeConsole()


@cache
def stderr() -> NameSafeConsole:
    """Return the console of standard error, which every progress bar uses, so that lines printed here stay above it."""
    return NameSafeConsole(stderr=True)


def print_line(line: str, console: NameSafeConsole) -> None:
    """Print a line: in a terminal that is too narrow for it, broken between words; elsewhere whole."""
    console.print(line, soft_wrap=not console.is_terminal)


@contextmanager
def progress_bar(description: str, total: int, *, with_results: bool = False) -> Iterator[OnProgress]:
    """Show on stderr how many of `total` are done, with the time left; yield what takes that number.

    Args:
        description: What is being done.
        total: Number of steps.
        with_results: Lines are printed to stdout meanwhile: where they go to the terminal, they show the progress.
    """
    shown = make_progress()
    shown.disable |= with_results and stdout().is_terminal
    with shown as progress:
        task = progress.add_task(description, total=total)

        def advance(done: float, /) -> None:
            progress.update(task, completed=done)

        yield advance


def make_progress(*, with_notes: bool = False) -> Progress:
    """Return a progress display on stderr with a bar, a count, the time so far and the time left.

    Args:
        with_notes: Show each task's field `note`, too.
    """
    # What does not fit into the line goes on in the next.
    note = TextColumn("{task.fields[note]}", markup=False, table_column=Column(no_wrap=False))
    return _make_display(MofNCompleteColumn(), *[note] * with_notes)


def make_share_progress() -> Progress:
    """Return a progress display on stderr with a bar, the share done, the time so far and the time left."""
    return _make_display(_share_column())


@contextmanager
def stages_display() -> Iterator[OnStage]:
    """Show on stderr what is being done; yield what takes a stage's name and its share done, 0..1.

    It draws only while it is called, and seldom: a display that draws by itself would disturb what is timed meanwhile.
    """
    progress = _make_display(_share_column(), auto_refresh=False)
    with progress:
        task = progress.add_task("", total=1.0)
        drawn = 0.0

        def show(stage: str, done: float, /) -> None:
            nonlocal drawn
            began = stage != progress.tasks[0].description
            if began:
                progress.reset(task, description=stage)
            if began or done >= 1 or time.monotonic() - drawn >= _REFRESH_S:
                progress.update(task, completed=done, refresh=True)
                drawn = time.monotonic()

        yield show


class _DescriptionColumn(TextColumn):
    """A task's description, which may hold the name of a file."""

    def __init__(self) -> None:
        column = Column(no_wrap=True, overflow="ellipsis", max_width=max(stderr().width // 3, _LEAST_DESCRIPTION))
        super().__init__("{task.description}", markup=False, table_column=column)

    def render(self, task: Task) -> Text:
        """Return the description as it is, control characters escaped."""
        return Text(printable(task.description))


def _share_column() -> TextColumn:
    return TextColumn("{task.percentage:>3.0f}%")


def _make_display(count: ProgressColumn, *notes: ProgressColumn, auto_refresh: bool = True) -> Progress:
    """Return a display that fits the terminal: a narrow one gets a short bar and the time left only."""
    console = stderr()
    room = console.width - _OTHERS - len(notes) * _NOTE
    is_narrow = room < 0
    times = [TimeRemainingColumn()] if is_narrow else [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
    return Progress(
        _DescriptionColumn(),
        BarColumn(max(min(room, _LONGEST_BAR), _SHORTEST_BAR)),
        count,
        *times,
        *notes,
        console=console,
        transient=True,
        auto_refresh=auto_refresh,
        disable=not console.is_terminal,
    )
