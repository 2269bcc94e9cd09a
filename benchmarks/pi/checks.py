"""Checks of the device install in a userland: tests, doctor and the demo stream."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

from benchmarks.pi.install import PYTHON, ROOT, VENV, pip_install
from benchmarks.pi.result import Check
from benchmarks.pi.userland import HOME, Userland
from fer_edge.errors import FerEdgeError

DEMO_FRAMES = 20

_COMMAND = VENV / "bin" / "fer-edge"
_CHECKOUT = HOME / "checkout"
_DEMO = ("--camera", "demo", "--frames", str(DEMO_FRAMES), "--jsonl", "-")
_TESTS = ("tests/inference", "tests/runtime")
_SUMMARY = re.compile(r"^\d+ (?:passed|failed|error|skipped).* in .*$", re.MULTILINE)

_LEFT_OUT = (
    # These detect faces in many frames, which takes minutes emulated; `check_demo` stands for them.
    "tests/runtime/test_pipeline.py",
    "tests/runtime/sources/test_demo.py",
)


def check_tests(userland: Userland) -> Check:
    """Run the tests of inference and runtime against the installed wheel: there is no other fer_edge to import.

    Failed tests get a second try, as slow emulation can exceed a time limit. Where even the whole takes too long, the
    check has failed, and what was counted before is kept.
    """
    try:
        passed, detail = _run_tests(userland)
    except FerEdgeError as error:
        passed, detail = False, str(error)
    return Check("tests of inference and runtime", passed, f"{detail}; {len(_LEFT_OUT)} files left out")


def _run_tests(userland: Userland) -> tuple[bool, str]:
    checkout = userland.path(_CHECKOUT)
    shutil.copytree(ROOT / "tests", checkout / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", checkout)
    pip_install(userland, "pytest", "pytest")
    left_out = [f"--ignore={name}" for name in _LEFT_OUT]
    pytest = ("env", "-C", str(_CHECKOUT), str(PYTHON), "-m", "pytest", "-q", *left_out, *_TESTS)
    done = userland.run(*pytest, may_fail=True)
    detail = _last_summary(done.stdout)
    if done.returncode == 1:
        done = userland.run(*pytest, "--last-failed", may_fail=True)
        detail += f"; failed ones again: {_last_summary(done.stdout)}"
    return done.returncode == 0, detail


def check_doctor(userland: Userland) -> tuple[Check, dict[str, Any]]:
    """Run `fer-edge doctor`, which finds no camera there; it gets a second try, as the tests do."""
    done = userland.run(_COMMAND, "doctor", "--json", may_fail=True)
    if done.returncode:
        done = userland.run(_COMMAND, "doctor", "--json", may_fail=True)
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return Check("fer-edge doctor", False, f"expected JSON, got exit code {done.returncode}"), {}
    outcomes = [check["outcome"] for check in found["checks"]]
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in ("ok", "warning", "failure"))
    faults = [f"{check['name']}: {check['detail']}" for check in found["checks"] if check["outcome"] == "failure"]
    return Check("fer-edge doctor", done.returncode == 0, "; ".join([counts, *faults])), found


def check_demo(userland: Userland) -> Check:
    """Run `fer-edge run` on the demo's first frames, which all show a face."""
    done = userland.run(_COMMAND, "run", *_DEMO, may_fail=True)
    frames = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    with_face = [frame["faces"][0] for frame in frames if frame["faces"]]
    passed = done.returncode == 0 and len(frames) == len(with_face) == DEMO_FRAMES
    shown = f", the last of them {with_face[-1]['label']}" if with_face else ""
    return Check("fer-edge run", passed, f"{len(frames)} frames, {len(with_face)} with a face{shown}")


def _last_summary(text: str) -> str:
    found = _SUMMARY.findall(text)
    return str(found[-1]) if found else "no result"
