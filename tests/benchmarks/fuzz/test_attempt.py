from __future__ import annotations

import mmap
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("the hunt needs Linux", allow_module_level=True)

from benchmarks.fuzz import attempt as hunted
from benchmarks.fuzz.attempt import Fault, FuzzInput, attempt

INPUT = FuzzInput("test", ("info", "file"), {"file": b"\xff\0content"}, scores=('"scores": {"happy": 1.0}',))

# A forked child has no threads of its own libraries to lose here: these commands call none.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def _say(text: str, code: int) -> Callable[[], None]:
    def command() -> None:
        print(text, file=sys.stderr)
        sys.exit(code)

    return command


def _fail() -> None:
    raise IndexError("list index out of range")


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _spin() -> None:
    while True:
        pass


def _sleep() -> None:
    time.sleep(600)


def _eat() -> None:
    bytearray(600_000_000)[::4096] = b"x" * len(range(0, 600_000_000, 4096))


def _score() -> None:
    print('{"faces": [{"scores": {"happy": 0.5}}]}')


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (_say("", 0), None),
        (_say("note: all is well\nerror: file: no model; export it again", 2), None),
        (_say("Usage: fer-edge info\n\nError: no such option", 2), None),
        (_say("error: a name with \x1b[31m colour", 2), Fault.ESCAPE),
        (_say("something went wrong", 1), Fault.EXIT),
        (_say("error: file: more than\none line", 1), Fault.EXIT),
        (_say("error: stopped", 130), Fault.EXIT),
        (_fail, Fault.TRACEBACK),
        (_crash, Fault.CRASH),
        (_spin, Fault.HANG),
        (_sleep, Fault.HANG),
        (_eat, Fault.MEMORY),
        (_score, Fault.SCORES),
    ],
)
def test_each_fault_is_found(command: Callable[[], None], fault: Fault | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunted, "PROCESSOR_S", 1 if command is _spin else 30)
    monkeypatch.setattr(hunted, "CLOCK_S", 3 if command is _sleep else 100)
    assert attempt(INPUT, command).fault is fault


def test_memory_that_was_reserved_before_does_not_count() -> None:
    with mmap.mmap(-1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
        assert attempt(INPUT, _eat).fault is Fault.MEMORY


def test_the_command_gets_the_input_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def command() -> None:
        print(*sys.argv, Path("file").read_bytes(), Path.cwd())

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outcome = attempt(INPUT, command)
    assert outcome.stdout.startswith(f"fer-edge info file {INPUT.files['file']!r} {tmp_path}")
    assert not list(tmp_path.iterdir())


def test_an_input_is_saved_and_read_back_as_it_was() -> None:
    odd = FuzzInput("test", ("run", "\udcff", "\u202e"), INPUT.files, INPUT.scores)
    assert FuzzInput.from_json(odd.to_json()) == odd
    assert FuzzInput.from_json(FuzzInput("test", ()).to_json()).scores is None
