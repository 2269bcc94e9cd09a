"""`fer-edge doctor`, with nothing replaced but a tool and a library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

COMMAND = "import sys; from fer_edge.cli.commands.doctor import command; command.main(prog_name='doctor')"
ALWAYS = ["system", "bits", "python", "numpy", "opencv", "model", "detector", "expression"]


@pytest.fixture
def doctor(child_environment: dict[str, str], tmp_path: Path) -> Any:
    """A function that runs it as a process, with a folder for tools and one for modules before all others."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "modules").mkdir()
    environment = child_environment | {
        "PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": f"{tmp_path}/modules{os.pathsep}{child_environment['PYTHONPATH']}",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", COMMAND, *arguments]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)

    return run


def test_doctor_finds_no_failure_but_power(doctor: Any, tmp_path: Path) -> None:
    vcgencmd = tmp_path / "bin/vcgencmd"
    vcgencmd.write_text("#!/bin/sh\necho throttled=0x50000\n")
    vcgencmd.chmod(0o755)
    began, used = time.monotonic(), children_s()
    done = doctor("--json")
    # The promise is 15 s on two free cores; processor time is what a busy machine leaves alone.
    assert children_s() - used < 10
    assert time.monotonic() - began < 100
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["ok"]
    checks = {check["name"]: check for check in report["checks"]}
    assert [check["name"] for check in report["checks"]][: len(ALWAYS)] == ALWAYS
    assert {checks[name]["outcome"] for name in ALWAYS} == {"ok"}
    assert checks["expression"]["facts"]["label"] == "happy"
    assert checks["power"]["outcome"] == "warning"
    assert checks["power"]["facts"] == {"now": [], "since_boot": ["under-voltage", "throttled"]}
    assert all(check["advice"] for check in checks.values() if check["outcome"] != "ok")


def children_s() -> float:
    """Return the processor time of the child processes that have ended, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system


def test_broken_numpy_is_reported_as_failure(doctor: Any, tmp_path: Path) -> None:
    (tmp_path / "modules/numpy.py").write_text("raise ImportError('numpy.core.multiarray failed to import')")
    done = doctor()
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    (i,) = (i for i, line in enumerate(lines) if line.startswith("failure  numpy "))
    assert lines[i].endswith("ImportError: numpy.core.multiarray failed to import")
    assert lines[i + 1].lstrip().startswith("-> a compiled package here was built for another major version of numpy")
    assert "\x1b" not in done.stdout
    assert lines[-1].endswith("5 failures")


def test_the_doctor_itself_needs_no_numpy(child_environment: dict[str, str]) -> None:
    code = "import sys, fer_edge.cli.commands.doctor; print({'numpy', 'cv2', 'rich', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], env=child_environment, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
