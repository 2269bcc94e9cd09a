"""Deletion of a log's older files after a time, safe from a clock that is wrong or jumps.

A Raspberry Pi has no clock that runs without power: it starts in the past, and jumps when the network tells the time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fer_edge import board
from fer_edge.notes import OnNote, ignore_note

PARTS = 10
"""Files that the time is divided into: a file is rotated when it holds a tenth of it, as whole files are deleted."""

_JUMP_S = 60.0
"""Least change of the clock against the time since boot that is a jump; a network's corrections are smaller."""
_LARGE_JUMP_S = 3600.0
_PAUSE_S = 24 * 3600.0
"""Time without deletions after a large jump: a clock that was set wrong has been set again by then."""
_EARLIEST = 1_735_689_600.0
"""2025-01-01, before this program existed: a file of an earlier date was written under a wrong clock."""
_SHORTEST_CHECK_S, _LONGEST_CHECK_S = 1.0, 600.0


def seconds_since_boot() -> float:
    """Return a monotonic time that, where the system has such a clock, goes on while the machine sleeps."""
    clock: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True)
class Clocks:
    """Clocks that ages are counted by.

    Attributes:
        wall: Time of day, seconds since 1970.
        since_boot: Monotonic time, seconds.
        is_set: Whether the time of day has been set from the network; None if unknown.
    """

    wall: Callable[[], float] = time.time
    since_boot: Callable[[], float] = seconds_since_boot
    is_set: Callable[[], bool | None] = lambda: board.clock_is_set()


class Retention:
    """Decides when a log is rotated and which of its older files are deleted, so that no line gets too old."""

    def __init__(self, path: Path, keep_s: float, clocks: Clocks | None = None, on_note: OnNote = ignore_note) -> None:
        """Remember since when the log has been written, in an empty file beside it, whose date counts.

        Args:
            path: The log.
            keep_s: Greatest age of a line, seconds.
            clocks: Clocks to count by.
            on_note: Takes a note if a file cannot be deleted.
        """
        self._keep_s = keep_s
        self._clocks = clocks or Clocks()
        self._on_note = on_note
        self._since = path.with_name(f".{path.name}.since")
        self._started = self._clocks.wall()
        self._offset = self._started - self._clocks.since_boot()
        self._check_s = min(max(keep_s / (10 * PARTS), _SHORTEST_CHECK_S), _LONGEST_CHECK_S)
        self._next_check = self._paused_until = self._clocks.since_boot()
        if not self._since.exists():
            has_lines = path.exists() and path.stat().st_size
            self._stamp(self._since, min(path.stat().st_mtime, self._started) if has_lines else self._started)

    def is_check_due(self) -> bool:
        """Return true now and then: a check looks at each older file."""
        now = self._clocks.since_boot()
        if now < self._next_check:
            return False
        self._next_check = now + self._check_s
        return True

    def is_rotation_due(self) -> bool:
        """Return whether the log's first line is so old that the file is to be rotated."""
        return self._age(self._since) >= self._keep_s / PARTS

    def begin(self) -> None:
        """Begin to count a new file's age."""
        self._stamp(self._since, self._clocks.wall())

    def delete_expired(self, files: Iterable[Path]) -> None:
        """Delete the files whose first line may be too old: written a tenth of the time before their date.

        Nothing is deleted while the clock is not set, nor for a day after it jumped.

        Args:
            files: Files that this log has rotated.
        """
        existing = [file for file in files if file.is_file() and not file.is_symlink()]
        self._follow_jump([*existing, self._since])
        expired = [file for file in existing if self._age(file) + self._keep_s / PARTS > self._keep_s]
        if not expired or self._clocks.since_boot() < self._paused_until or self._clocks.is_set() is False:
            return
        for file in expired:
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                self._on_note(f"{file}: is too old and cannot be deleted ({error.strerror})")

    def _follow_jump(self, files: Iterable[Path]) -> None:
        """Move the dates of files that this process wrote by as much as the clock has jumped."""
        now = self._clocks.wall()
        jump = now - self._clocks.since_boot() - self._offset
        if abs(jump) < _JUMP_S:
            return
        for file in files:
            with suppress(OSError):  # it keeps its date, and is deleted earlier or later
                date = file.stat().st_mtime
                if self._started <= date <= now - jump + _JUMP_S:
                    self._stamp(file, date + jump)
        self._started += jump
        self._offset += jump
        if abs(jump) >= _LARGE_JUMP_S:
            self._paused_until = self._clocks.since_boot() + _PAUSE_S

    def _age(self, file: Path) -> float:
        """Return a file's age in seconds; one with an impossible date is dated anew and has none."""
        now = self._clocks.wall()
        try:
            date = file.stat().st_mtime
            if date < _EARLIEST <= now or date > now + _LARGE_JUMP_S:
                self._stamp(file, now)
                return 0.0
        except OSError:
            return 0.0
        return max(now - date, 0.0)

    def _stamp(self, file: Path, date: float) -> None:
        if file == self._since:
            file.touch()
        os.utime(file, (date, date))
