"""Runs probes in processes of their own with a time limit, and explains their failures."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

PROBE_TIMEOUT_S = 120.0
"""Time limit; a Pi Zero 2 needs 10 s to import everything from a slow card, and a busy machine several times that."""

_CAUSES = (
    (
        r"numpy\.dtype size changed|compiled using NumPy 1|_ARRAY_API|multiarray failed to import|numpy<2",
        "a compiled package here was built for another major version of numpy (numpy's ABI): pip install 'numpy<2' "
        "'opencv-python-headless<4.12', as Raspberry Pi OS bookworm's own packages are for numpy 1; or, where none of "
        "them is needed, a virtual environment without --system-site-packages",
    ),
    (r"libGL\.so", "pip uninstall -y opencv-python opencv-python-headless && pip install opencv-python-headless"),
    (r"GLIBC(XX)?_\d", "the wheel needs a newer system: use Raspberry Pi OS bookworm (Debian 12) or later"),
    (r"lib(open|c)?blas|libatlas", "sudo apt install libopenblas0"),
    (r"cannot open shared object file", "install the named library with sudo apt install"),
    (r"No module named", "reinstall in the same environment, from the checkout: pip install --force-reinstall ."),
)
_CRASHES = {
    signal.SIGILL: "a wheel was built for a newer processor than this one: pip install an older version of it",
    signal.SIGKILL: "memory probably ran out: close other programs, or add swap",
}
_REINSTALL = "reinstall fer-edge in a fresh virtual environment"


@dataclass(frozen=True)
class Probed:
    """Result of a probe.

    Attributes:
        detail: Finding or failure in words.
        facts: Findings as data; empty after a failure.
        advice: Remedy of a failure, unless `detail` names it.
        worked: Whether the probe succeeded.
    """

    detail: str
    facts: dict[str, Any] = field(default_factory=dict)
    advice: str = ""
    worked: bool = False


def run_probe(name: str, *arguments: str, timeout_s: float = PROBE_TIMEOUT_S) -> Probed:
    """Run a probe of `fer_edge.doctor.probe`; crashes and hangs are results, too."""
    command = [sys.executable, "-m", "fer_edge.doctor.probe", name, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return Probed(f"no result within {timeout_s:g} s", advice="try again when the machine is less busy")
    if done.returncode < 0:
        number = -done.returncode
        advice = _CRASHES.get(signal.Signals(number), _REINSTALL)
        return Probed(f"it crashed the process ({signal.Signals(number).name})", advice=advice)
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return Probed(_last_line(done.stderr), advice=explain(done.stderr))
    if "error" in answer:
        advice = "" if answer["is_explained"] else explain(answer["error"] + done.stderr)
        return Probed(_last_line(answer["error"]), advice=advice)
    return Probed(answer["detail"], answer["facts"], worked=True)


def explain(error: str) -> str:
    """Return what to do about an error, by the words in its message."""
    return next((advice for pattern, advice in _CAUSES if re.search(pattern, error)), _REINSTALL)


def _last_line(text: str) -> str:
    return (text.strip() or "it ended without a message").splitlines()[-1]
