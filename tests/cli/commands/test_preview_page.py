"""The preview of `fer-edge run` in a terminal and at the end of a recording."""

from __future__ import annotations

import json
import os
import re
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import cv2
import pytest

from fer_edge.cli.commands.preview_page import _announce, stays
from fer_edge.cli.commands.run_options import RunOptions
from fer_edge.runtime.sources.demo import DemoSource

pty = pytest.importorskip("pty", reason="needs pseudo-terminals, which Windows has not")
pytest.importorskip("aiohttp")

StartRun = Callable[..., "subprocess.Popen[str]"]
QUIT = "stays until Ctrl-C"
URL = "http://192.168.178.123:8080/?token=0123456789abcdefghijkl"


class Terminal:
    """The other side of a pseudo-terminal."""

    def __init__(self, columns: int = 80, lines: int = 24) -> None:
        import fcntl
        import termios

        self._ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self._shown = b""

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until the pattern is shown."""
        while not (found := re.search(pattern, self._shown.decode(errors="replace"))):
            piece = self._read()
            assert piece, f"the terminal ended without {pattern}"
            self._shown += piece
        return found

    def read_all(self) -> str:
        """Read until the last program has closed it."""
        while piece := self._read():
            self._shown += piece
        return self._shown.decode()

    def close(self) -> None:
        """Close this side."""
        os.close(self._ours)

    def _read(self) -> bytes:
        try:
            return os.read(self._ours, 65536)
        except OSError:  # how Linux says that the other end is closed
            return b""


@contextmanager
def terminal_of(start_run: StartRun, *arguments: str) -> Iterator[tuple[Terminal, Any]]:
    """Start a run in a terminal."""
    terminal = Terminal()
    ends = dict.fromkeys(("stdin", "stdout", "stderr"), terminal.theirs)
    process = start_run(*arguments, **ends)
    os.close(terminal.theirs)
    try:
        yield terminal, process
    finally:
        terminal.close()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A second of the demo."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (640, 480))
    for number in range(15):
        writer.write(DemoSource().draw(number))
    writer.release()
    return path


def test_preview_of_a_finished_recording_stays_in_a_terminal(
    start_run: StartRun, recording: Path, wait_until: Callable[..., None]
) -> None:
    arguments = ("--camera", str(recording), "--preview", "0", "--quiet", "--jsonl", "a.jsonl")
    with terminal_of(start_run, *arguments) as (terminal, process):
        url = terminal.wait_for(r"preview at (http://127\.0\.0\.1:\d+/)")[1]
        terminal.wait_for(QUIT)
        assert len((recording.parent / "a.jsonl").read_text().splitlines()) == 15
        wait_until(lambda: state_at(url)["stream"]["state"] == "finished")
        state = state_at(url)
        assert (state["summary"]["frames"], state["summary"]["persons"]) == (15, 1)
        assert state["log"] == {"jsonl": "file", "csv": "memory"}
        assert state["source"] == str(recording)
        with urlopen(f"{url}healthz", timeout=30) as answer:
            assert answer.read() == b"ok\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert "stopped" not in terminal.read_all()


def state_at(url: str) -> dict[str, Any]:
    with urlopen(f"{url}api/state", timeout=30) as answer:
        state: dict[str, Any] = json.load(answer)
    return state


def test_preview_ends_where_seconds_do(start_run: StartRun, recording: Path) -> None:
    arguments = ("--camera", str(recording), "--preview", "0", "--quiet", "--seconds", "0.5")
    with terminal_of(start_run, *arguments) as (terminal, process):
        assert QUIT not in terminal.read_all()
        assert process.wait(30) == 0


def test_preview_ends_with_the_recording_in_a_script(start_run: StartRun, recording: Path) -> None:
    arguments = ("--camera", str(recording), "--preview", "0", "--quiet")
    process = start_run(*arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, QUIT in said) == (0, False)


@pytest.mark.parametrize(
    ("option", "is_over", "in_terminal", "expected"),
    [
        (None, True, True, True),
        (None, False, True, False),
        (None, True, False, False),
        (True, True, False, True),
        (True, False, True, True),
        (False, True, True, False),
    ],
)
def test_preview_stays_where_somebody_can_end_it_or_an_option_says_so(
    monkeypatch: pytest.MonkeyPatch, option: bool | None, is_over: bool, in_terminal: bool, expected: bool
) -> None:
    terminal = Terminal()
    with os.fdopen(terminal.theirs, "w") as tty, Path(os.devnull).open() as null, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", tty if in_terminal else null)
        patch.setattr("sys.stderr", tty)
        assert stays(options_with(preview_stay=option), is_over=is_over) is expected
    terminal.close()


def options_with(**values: object) -> RunOptions:
    """Return options of which only some are there."""
    options = object.__new__(RunOptions)
    vars(options).update(values)
    return options


def announced(
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    size: tuple[int, int] = (80, 24),
    *,
    encoding: str = "utf-8",
    quiet: bool = False,
) -> str:
    """Return what a terminal of so many columns and lines shows of an address."""
    terminal = Terminal(*size)
    with os.fdopen(terminal.theirs, "w", encoding=encoding) as stderr, monkeypatch.context() as patch:
        patch.setattr("sys.stderr", stderr)
        _announce(URL, options_with(preview=address, quiet=quiet))
    shown = terminal.read_all()
    terminal.close()
    return shown


def code_lines(shown: str) -> int:
    return sum("\x1b[107m" in line or "\x1b[30;107m" in line for line in shown.splitlines())


@pytest.mark.parametrize(
    ("size", "encoding", "lines"),
    [
        ((80, 24), "utf-8", 19),
        ((37, 24), "utf-8", 19),
        ((36, 24), "utf-8", 0),
        ((80, 23), "utf-8", 0),
        ((0, 0), "utf-8", 0),
        ((80, 24), "ascii", 0),
        ((80, 50), "ascii", 37),
        ((80, 50), "latin-1", 37),
    ],
)
def test_address_for_others_has_a_code_that_fits(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], encoding: str, lines: int
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    shown = announced(monkeypatch, "0.0.0.0:8080", size, encoding=encoding)
    assert f"note: preview at {URL}" in shown
    assert code_lines(shown) == lines


@pytest.mark.parametrize("address", ["8080", "localhost:8080", "[::1]:8080"])
def test_address_of_this_machine_has_a_hint_instead(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("TERM", "xterm")
    shown = announced(monkeypatch, address)
    assert code_lines(shown) == 0
    assert "on a phone in the same network, use --preview 0.0.0.0:8080" in shown


@pytest.mark.parametrize(("term", "quiet"), [("dumb", False), ("xterm", True)])
def test_plain_or_quiet_terminals_get_no_code(monkeypatch: pytest.MonkeyPatch, term: str, quiet: bool) -> None:
    monkeypatch.setenv("TERM", term)
    shown = announced(monkeypatch, "0.0.0.0:8080", quiet=quiet)
    assert shown.splitlines() == [f"note: preview at {URL}"]
