"""`fer-edge run` as people start it: a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def start_run(
    model_file: Path, tmp_path: Path, child_environment: dict[str, str]
) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """A function that starts `fer-edge run` in `tmp_path`; what still runs at the end of the test is killed."""
    with ExitStack() as stack:

        def start(*arguments: str, **options: Any) -> subprocess.Popen[str]:
            command = [sys.executable, "-W", "error", "-m", "fer_edge", "run", "--model", str(model_file), *arguments]
            options = {"cwd": tmp_path, "env": child_environment, "stderr": subprocess.PIPE, "text": True, **options}
            process: subprocess.Popen[str] = stack.enter_context(subprocess.Popen(command, **options))
            stack.callback(process.kill)
            return process

        yield start


@pytest.fixture
def run_command(start_run: Callable[..., subprocess.Popen[str]]) -> Any:
    """A function that runs `fer-edge run` in an empty folder to its end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        process = start_run(*arguments, stdout=subprocess.PIPE)
        output, errors = process.communicate(timeout=180)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run
