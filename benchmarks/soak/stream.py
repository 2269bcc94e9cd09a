"""`fer-edge run` as a child process, and what is wrong with the lines that it wrote."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

STOP_S = 60.0
_START_S = 120.0
"""Patience of a busy machine; an oracle that waits longer has found a hang."""

COMMAND = (sys.executable, "-m", "fer_edge")


class Stream:
    """A running `fer-edge run`; killed at the end of its block if it is still there."""

    def __init__(
        self,
        folder: Path,
        *arguments: object,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """Start it in a folder, where `stderr.txt` gets its messages."""
        self.messages = folder / "stderr.txt"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FER_EDGE_")}
        with self.messages.open("wb") as file:
            self._process = subprocess.Popen(
                [*command, "run", "--quiet", *map(str, arguments)],
                cwd=folder,
                env={**inherited, **(environment or {})},
                stdout=subprocess.DEVNULL,
                stderr=file,
            )

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def is_alive(self) -> bool:
        """True while it runs."""
        return self._process.poll() is None

    @property
    def memory_bytes(self) -> int:
        """Resident memory, 0 once it has ended."""
        status = Path(f"/proc/{self._process.pid}/status")
        found = re.search(r"VmRSS:\s*(\d+) kB", status.read_text()) if self.is_alive else None
        return int(found[1]) * 1024 if found else 0

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> list[str]:
        """Ask it to end, and return what is wrong with how it did."""
        self._process.send_signal(signal.SIGTERM)
        return self.ended_with(128 + signal.SIGTERM)

    def ended_with(self, *exit_codes: int, timeout_s: float = STOP_S) -> list[str]:
        """Wait for its end, and return what is wrong with it: no end, another exit code, a traceback."""
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return [f"did not end within {timeout_s:g} s"]
        said = self.messages.read_text(errors="replace")
        faults = [] if code in exit_codes else [f"exit code {code} rather than {exit_codes}: {said[-300:]!r}"]
        return faults + (["traceback"] if "Traceback" in said else [])


def wait_for(condition: Callable[[], object], timeout_s: float = _START_S) -> bool:
    """Return whether a condition holds within a time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def lines_in(path: Path) -> int:
    """Return the number of whole lines in a file, 0 if there is none."""
    return path.read_bytes().count(b"\n") if path.exists() else 0


def line_faults(paths: Sequence[Path], *, gapless: bool = True) -> list[str]:
    """Return what is wrong with JSONL files, the oldest first.

    Args:
        paths: One log, which several runs may have appended to, each counting from 0.
        gapless: Whether each frame has a line; a live source passes frames over.
    """
    faults, before = [], -1
    for path in paths:
        *lines, rest = path.read_bytes().split(b"\n")
        if rest:
            faults.append(f"{path.name}: ends within a line")
        for line in lines:
            try:
                number = int(json.loads(line)["frame"])
            except (ValueError, KeyError, TypeError):
                faults.append(f"{path.name}: no whole line: {line[:60]!r}")
                continue
            if not (number == before + 1 or number == 0 or (not gapless and number > before)):
                faults.append(f"{path.name}: frame {number} after {before}")
            before = number
    return faults


def rotated(path: Path) -> list[Path]:
    """Return a log's files, the oldest first."""
    older = sorted(path.parent.glob(f"{path.name}.*"), key=lambda one: int(one.suffix[1:]), reverse=True)
    return [*older, path]


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a folder that is removed after the block."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        yield Path(name)
