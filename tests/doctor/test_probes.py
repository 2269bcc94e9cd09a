"""Probes as real processes that work, raise, crash and hang."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from fer_edge.doctor.probes import explain, run_probe
from fer_edge.inference.model_choice import choice_in_words, choose_model

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shadowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose modules child processes import before all others."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), str(ROOT))))
    return tmp_path


@pytest.mark.parametrize("name", ["numpy", "opencv", "interpreter", "detector", "expression"])
def test_probes_succeed_in_a_working_installation(name: str) -> None:
    probed = run_probe(name)
    assert (probed.worked, probed.advice) == (True, ""), probed.detail
    assert probed.facts


def test_the_detectors_engine_is_told() -> None:
    probed = run_probe("detector")
    assert probed.facts["engine"] in ("int8", "fp32", "opencv")
    assert {probed.facts["runtime"], probed.facts["instructions"]} <= set(re.split(r" in | \(|\) ", probed.detail))


def test_the_model_that_auto_stands_for_is_told() -> None:
    probed = run_probe("interpreter")
    assert probed.facts["auto"] == choose_model()
    assert f"the model auto is {choice_in_words()}" in probed.detail


def test_portrait_is_happy() -> None:
    assert run_probe("expression").facts["label"] == "happy"


@pytest.mark.parametrize(
    ("code", "detail", "advice"),
    [
        (
            "raise ValueError('numpy.dtype size changed, may indicate binary incompatibility. Expected 96, got 88')",
            "numpy.dtype size changed",
            "another major version of numpy",
        ),
        (
            "import sys; sys.stderr.write('A module that was compiled using NumPy 1.x cannot be run in\\nNumPy 2.4')\n"
            "raise ImportError('initialization failed')",
            "ImportError: initialization failed",
            "another major version of numpy",
        ),
        ("raise ImportError('libGL.so.1: cannot open shared object')", "libGL", "pip install opencv-python-headless"),
        ('raise ImportError("/lib/libc.so.6: version `GLIBC_2.38\' not found")', "GLIBC_2.38", "bookworm"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "SIGILL", "newer processor"),
        ("import os; os.abort()", "SIGABRT", "fresh virtual environment"),
        ("import os; os._exit(3)", "ended without a message", "fresh virtual environment"),
    ],
)
def test_broken_opencv_is_explained(shadowed: Path, code: str, detail: str, advice: str) -> None:
    (shadowed / "cv2.py").write_text(code)
    probed = run_probe("opencv")
    assert not probed.worked
    assert detail in probed.detail
    assert advice in probed.advice


def test_hanging_probe_is_stopped(shadowed: Path) -> None:
    (shadowed / "picamera2.py").write_text("import time; time.sleep(60)")
    probed = run_probe("picamera", timeout_s=1)
    assert not probed.worked
    assert probed.detail == "no result within 1 s"


def test_picamera_probe_lists_the_cameras_of_picamera2(shadowed: Path) -> None:
    (shadowed / "picamera2.py").write_text(
        "class Picamera2:\n    global_camera_info = staticmethod(lambda: [{'Model': 'imx708', 'Num': 0}])\n"
    )
    assert run_probe("picamera").facts == {"cameras": ["imx708"]}


def test_camera_probe_takes_a_picture() -> None:
    assert run_probe("camera", "demo").facts == {"width": 640, "height": 480, "is_dark": False}


def test_error_that_says_what_to_do_gets_no_advice() -> None:
    probed = run_probe("camera", "/dev/video99")
    assert (probed.worked, probed.advice) == (False, "")
    assert probed.detail.startswith("camera 99: there is no /dev/video99; ")


def test_unknown_error_has_advice() -> None:
    assert explain("KeyError: 7")
