"""What must hold in a userland with the device install: tests, doctor, the demo stream."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

from benchmarks.pi.install import PYTHON, ROOT, VENV, pip_install
from benchmarks.pi.result import Check
from benchmarks.pi.userland import HOME, Userland

DEMO_FRAMES = 20

_COMMAND = VENV / "bin" / "fer-edge"
_CHECKOUT = HOME / "checkout"
_DEMO = ("--camera", "demo", "--frames", str(DEMO_FRAMES), "--jsonl", "-")
_TESTS = "tests/runtime"
_SUMMARY = re.compile(r"^\d+ (?:passed|failed|error|skipped).* in .*$", re.MULTILINE)

_WORKSTATION = ("test_onnx_card.py",)
"""Tests that cannot be collected without packages that a device lacks."""

_LONG = (
    "test_demo.py::test_its_face_is_found_wherever_it_moves",
    "test_pipeline.py::test_a_face_moved_out_of_the_frame_is_not_cut_out",
    "test_pipeline.py::test_a_face_is_held_however_seldom_it_is_looked_for",
    "test_pipeline.py::test_a_face_stays_itself_where_frames_come_slowly",
    "test_pipeline.py::test_a_face_that_goes_is_told_of_once",
    "test_pipeline.py::test_a_face_that_the_detector_misses_for_a_moment_stays",
    "test_pipeline.py::test_faces_are_followed_between_detections",
)
"""Tests that look for faces in so many frames that emulated they take minutes; the demo stream stands for them."""


def check_tests(userland: Userland) -> Check:
    """Run the runtime's tests against the installed wheel: there is no other fer_edge to import.

    They are given a second try: some wait for a time that emulation, a machine of its own slowness, can exceed.
    """
    checkout = userland.path(_CHECKOUT)
    shutil.copytree(ROOT / "tests", checkout / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", checkout)
    pip_install(userland, "pytest", "pytest")
    without = [f"--ignore={_TESTS}/{name}" for name in _WORKSTATION]
    left_out = [word for test in _LONG for word in ("--deselect", f"{_TESTS}/{test}")]
    pytest = ("env", "-C", str(_CHECKOUT), str(PYTHON), "-m", "pytest", "-q", *without, *left_out, _TESTS)
    done = userland.run(*pytest, may_fail=True)
    detail = _last_summary(done.stdout)
    if done.returncode == 1:
        done = userland.run(*pytest, "--last-failed", may_fail=True)
        detail += f"; those again: {_last_summary(done.stdout)}"
    return Check("runtime's tests", done.returncode == 0, f"{detail}; {len(_LONG)} long ones left out")


def check_doctor(userland: Userland) -> tuple[Check, dict[str, Any]]:
    """Let `fer-edge doctor` look around; it has no camera to find. It has a second try, as the tests have."""
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
    """Let `fer-edge run` go through the demo's first frames, which all show a face."""
    done = userland.run(_COMMAND, "run", *_DEMO, may_fail=True)
    frames = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    with_face = [frame["faces"][0] for frame in frames if frame["faces"]]
    passed = done.returncode == 0 and len(frames) == len(with_face) == DEMO_FRAMES
    shown = f", the last of them {with_face[-1]['label']}" if with_face else ""
    return Check("fer-edge run", passed, f"{len(frames)} frames, {len(with_face)} with a face{shown}")


def _last_summary(text: str) -> str:
    found = _SUMMARY.findall(text)
    return str(found[-1]) if found else "no result"
