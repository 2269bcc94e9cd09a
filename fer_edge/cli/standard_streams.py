"""Standard input, output and error of the command: closed ones, readers who leave, and names in any script."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import TextIO, TypeVar

from fer_edge.errors import FerEdgeError

T = TypeVar("T")

_SIZES = ("COLUMNS", "LINES")
_LEAST_SIZE, _MOST_DIGITS = 10, 4
"""Limits of a size that rich and click can use: nothing fits in fewer columns, and a million takes memory."""


def prepare_streams() -> None:
    """Make the standard streams fit for a run of the command, before anything is written or opened."""
    _open_closed_streams()
    _keep_own_stderr()
    _escape_unencodable()
    _forget_impossible_sizes()


def until_reader_leaves(step: Callable[[], T]) -> T | None:
    """Take a step; return None if the reader of standard output or standard error has gone, which is how `| head` ends.

    Raises:
        FerEdgeError: If it is the reader of a named pipe that has gone.
    """
    try:
        return step()
    except BrokenPipeError as error:
        if error.filename is not None:
            raise FerEdgeError(f"{error.filename}: nobody reads this pipe any more; start its reader again") from error
        discard_unwritten()
        return None


def discard_unwritten() -> None:
    """Keep the interpreter from writing into a closed pipe or full disk again as it ends, and failing by that."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _forget_impossible_sizes() -> None:
    """Remove sizes from the environment that are none, which libraries take for text of a number or obey."""
    for name in _SIZES:
        text = os.environ.get(name, "")
        if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) >= _LEAST_SIZE):
            os.environ.pop(name, None)


def _open_closed_streams() -> None:
    """Give closed standard streams (`>&-`) the null device, or the next file that is opened would get their output."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w", closefd=False))


def _keep_own_stderr() -> None:
    """Move `sys.stderr` to a descriptor of its own, so that redirecting file descriptor 2 holds back native code only.

    A progress bar then moves on while a model is converted.
    """
    if os.name != "posix" or not _is_descriptor_2(sys.stderr):
        return
    inherited = sys.stderr
    sys.stderr = os.fdopen(
        os.dup(2), "w", buffering=1, encoding=inherited.encoding, errors=inherited.errors, closefd=False
    )


def _is_descriptor_2(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 2
    except (OSError, ValueError):  # no file at all, as in a test
        return False


def _escape_unencodable() -> None:
    """Let names in any script go to a terminal or pipe of any encoding, rather than end the run with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")
