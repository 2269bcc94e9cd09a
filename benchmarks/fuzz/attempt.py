"""One input: the command line in a forked child process, and what it did wrong, if anything."""

from __future__ import annotations

import base64
import json
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random
from typing import NoReturn

from benchmarks.fuzz.mutation import damage_folder
from fer_edge.__main__ import main

PROCESSOR_S = 10
"""Longest time of one process; more is a hang."""
CLOCK_S = 200
"""Time limit of a process that sleeps; `fer_edge.inference.trial` waits 120 s for its child."""
MEMORY_BYTES = 500_000_000
"""Above what the process holds before it starts."""
_HELD_BACK_BYTES = 3 << 30
"""Above what the process has reserved before it starts, at which an allocation fails: no input fills the machine."""
_LONGEST_OUTPUT = 200_000

_SCORES = re.compile(r'"scores": \{[^}]*\}')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class FuzzInput:
    """A command line with the files that it reads.

    Attributes:
        kind: Kind of input.
        arguments: Of `fer-edge`, which runs in a folder of its own.
        files: Contents by name in that folder.
        scores: If the command prints scores, it must be these; `None` allows any.
        earlier: Arguments of a command that is run before, and succeeds; none if empty.
        damaged: Folder one of whose files is damaged after that; none if empty.
        seed: Chooses the file and the damage.
    """

    kind: str
    arguments: tuple[str, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    scores: tuple[str, ...] | None = None
    earlier: tuple[str, ...] = ()
    damaged: str = ""
    seed: int = 0

    def to_json(self) -> str:
        """Return it as JSON, with the files in base64."""
        files = {name: base64.b64encode(content).decode() for name, content in self.files.items()}
        return json.dumps({**vars(self), "files": files})

    @staticmethod
    def from_json(text: str) -> FuzzInput:
        """Read what `to_json` returned."""
        facts = json.loads(text)
        files = {name: base64.b64decode(content) for name, content in facts.pop("files").items()}
        lists = {name: tuple(value) for name, value in facts.items() if isinstance(value, list)}
        return FuzzInput(**{**facts, **lists, "files": files})


class Fault(str, Enum):
    """Behaviour that no input may cause."""

    TRACEBACK = "traceback"
    CRASH = "crash"
    HANG = "hang"
    MEMORY = "memory"
    EXIT = "no error line"
    ESCAPE = "control character"
    SCORES = "other scores"


@dataclass(frozen=True)
class Outcome:
    """Result of one command.

    Attributes:
        fault: Fault in words; `None` if there is none.
        exit_code: Negative if a signal ended it.
        processor_s: Of it and its children.
        memory_bytes: The most it held, above the start.
        stdout: Its standard output.
        stderr: Its messages.
    """

    fault: Fault | None
    exit_code: int
    processor_s: float
    memory_bytes: int
    stdout: str
    stderr: str


def attempt(one: FuzzInput, command: Callable[[], object] = main) -> Outcome:
    """Run a command on an input in a forked child process.

    Args:
        one: The input.
        command: Reads `sys.argv`, and ends by `SystemExit`.
    """
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
        work, printed, said = (Path(folder, name) for name in ("work", "stdout", "stderr"))
        work.mkdir()
        for name, content in one.files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        before = _own_bytes()
        if one.earlier:
            status, _, _ = _fork(command, one.earlier, work, printed, said)
            assert status == 0, _head(said)
            damage_folder(work / one.damaged, Random(one.seed))
            printed.unlink()
            said.unlink()
        status, usage, waited_too_long = _fork(command, one.arguments, work, printed, said)
        return _judge(
            one,
            os.waitstatus_to_exitcode(status),
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * 1024 - before,
            _head(printed),
            _head(said),
            waited_too_long,
        )


def _fork(
    command: Callable[[], object], arguments: tuple[str, ...], work: Path, printed: Path, said: Path
) -> tuple[int, resource.struct_rusage, bool]:
    """Run a command in a child process, and return what `_wait` returns."""
    child = os.fork()
    if child == 0:
        _become(command, arguments, work, printed, said)
    return _wait(child)


def _become(
    command: Callable[[], object], arguments: tuple[str, ...], work: Path, printed: Path, said: Path
) -> NoReturn:
    code = 1
    try:
        os.setsid()
        os.chdir(work)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S + 2))
        resource.setrlimit(resource.RLIMIT_DATA, (_reserved_bytes() + _HELD_BACK_BYTES,) * 2)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        for descriptor, target in ((0, os.devnull), (1, printed), (2, said)):
            os.dup2(os.open(target, flags if descriptor else os.O_RDONLY), descriptor)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
        sys.argv = ["fer-edge", *arguments]
        command()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _wait(child: int) -> tuple[int, resource.struct_rusage, bool]:
    """Return the child's status and usage, and whether it had to be ended; end what it leaves behind."""
    deadline, late = time.monotonic() + CLOCK_S, False
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if not late and time.monotonic() > deadline:
            late = True
            _end_group(child)
        time.sleep(0.005)
    _end_group(child)
    return status, usage, late


def _end_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _judge(
    one: FuzzInput, exit_code: int, processor_s: float, memory_bytes: int, stdout: str, stderr: str, late: bool
) -> Outcome:
    lines = stderr.strip().splitlines() or [""]
    seen = tuple(_SCORES.findall(stdout))
    found = {
        Fault.HANG: late or exit_code == -signal.SIGXCPU,
        Fault.CRASH: exit_code < 0,
        Fault.MEMORY: memory_bytes > MEMORY_BYTES,
        Fault.TRACEBACK: "Traceback (most recent call last)" in stderr,
        Fault.EXIT: exit_code not in (0, 1, 2) or (exit_code != 0 and not lines[-1].lower().startswith("error: ")),
        Fault.ESCAPE: _CONTROL.search(stdout + stderr) is not None,
        Fault.SCORES: one.scores is not None and bool(seen) and seen != one.scores,
    }
    fault = next((fault for fault, is_there in found.items() if is_there), None)
    return Outcome(fault, exit_code, processor_s, memory_bytes, stdout, stderr)


def scores_in(outcome: Outcome) -> tuple[str, ...]:
    """Return the scores that a command printed as JSON."""
    return tuple(_SCORES.findall(outcome.stdout))


def _head(path: Path) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return file.read(_LONGEST_OUTPUT).decode(errors="replace")


def _own_bytes() -> int:
    """Resident memory of this process that a forked child begins with: all but the pages of files."""
    resident, of_files = _pages()[1:3]
    return (resident - of_files) * resource.getpagesize()


def _reserved_bytes() -> int:
    """Memory that counts towards `RLIMIT_DATA`, used or not: heap, private mappings, and stacks of threads."""
    return _pages()[5] * resource.getpagesize()


def _pages() -> list[int]:
    return [int(each) for each in Path("/proc/self/statm").read_text().split()]
