"""Rate-limited notes on bad requests and rejected connections at the preview's port."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from fer_edge.errors import first_line
from fer_edge.notes import OnNote

_INTERVAL_S = 60.0
_MOST_KINDS = 8
_OTHERS = "other faults"


class PortNotes:
    """Counts incidents by kind: the first is reported at once, later ones in one line per minute."""

    def __init__(self, on_note: OnNote, interval_s: float = _INTERVAL_S) -> None:
        """Start without incidents.

        Args:
            on_note: Takes the notes.
            interval_s: Least seconds between two notes.
        """
        self._on_note = on_note
        self._interval_s = interval_s
        self._due = float("-inf")
        self._counts: Counter[str] = Counter()

    def add(self, kind: str) -> None:
        """Count one incident, and report the counts if the last report is long enough ago."""
        is_listed = kind in self._counts or len(self._counts) < _MOST_KINDS
        self._counts[kind if is_listed else _OTHERS] += 1
        if time.monotonic() >= self._due:
            self.report()

    def report(self) -> None:
        """Report the counts since the last report, if there are any."""
        if self._counts:
            self._on_note("at the preview's port: " + ", ".join(f"{n:,} x {kind}" for kind, n in self._counts.items()))
            self._counts.clear()
            self._due = time.monotonic() + self._interval_s

    def logger(self) -> logging.Logger:
        """Return a logger that counts what aiohttp logs, which is a traceback per bad request."""
        logger = logging.Logger("fer-edge preview")
        logger.addHandler(_Counting(self))
        return logger

    def on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Count an error that asyncio would log with a traceback; for `loop.set_exception_handler`."""
        self.add(_describe(context.get("exception"), context["message"]))


class _Counting(logging.Handler):
    def __init__(self, notes: PortNotes) -> None:
        super().__init__(logging.WARNING)
        self._notes = notes

    def emit(self, record: logging.LogRecord) -> None:
        self._notes.add(_describe(record.exc_info[1] if record.exc_info else None, record.getMessage()))


def _describe(error: BaseException | None, message: str) -> str:
    if isinstance(error, (HttpProcessingError, web.RequestPayloadError)):
        return "request that is not HTTP"
    return message if error is None else f"{type(error).__name__}: {first_line(error)}"
