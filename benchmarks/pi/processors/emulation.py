"""Scores of model files on this machine, or on an older x86-64 processor that QEMU emulates."""

from __future__ import annotations

import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.pi.install import ROOT
from benchmarks.pi.models import INSIDE
from benchmarks.pi.processes import Processes
from fer_edge.errors import FerEdgeError, InputError

Faces = npt.NDArray[np.uint8]
Scores = Mapping[Path, npt.NDArray[np.float32]]
"""float32 (N, labels) by model file; files that the interpreter refused are left out."""

EMULATOR = "qemu-x86_64"

_TIMEOUT_S = 3600
_SIGNALLED = 128


@dataclass(frozen=True)
class Processor:
    """An emulated processor.

    Attributes:
        cpu: Its name in QEMU.
        instruction_set: Its name in `fer_edge.board`.
    """

    cpu: str
    instruction_set: str


EMULATED = (Processor("Haswell", "x86-64 AVX2"), Processor("Nehalem", "x86-64 SSE4.2"))
"""The newest and the oldest desktop kernels without VNNI. QEMU emulates no AVX-512."""


def require_emulator() -> None:
    """Check that this machine can emulate an x86-64 processor.

    Raises:
        InputError: If it is not Linux on x86-64, or has no QEMU.
    """
    reason = missing_emulator()
    if reason is not None:
        raise InputError(reason)


def missing_emulator() -> str | None:
    """Return why no x86-64 processor can be emulated here, and what to do; `None` if one can."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return f"expected Linux on x86-64, got {sys.platform} on {platform.machine()}; run it on another machine"
    if shutil.which(EMULATOR) is None:
        return f"expected {EMULATOR} on the PATH, found none; install it: sudo apt install qemu-user"
    return None


def run_models(processes: Processes, files: Sequence[Path], faces: Faces, processor: Processor | None) -> Scores:
    """Run model files on faces, all in one program.

    Args:
        processes: Runs the program.
        files: .tflite and .onnx files.
        faces: uint8 (N, H, W), 0..255.
        processor: The processor to emulate; `None` for this machine's own.

    Raises:
        FerEdgeError: If the program fails, such as by an instruction that the processor lacks.
    """
    emulator = [EMULATOR, "-cpu", processor.cpu] if processor else []
    with tempfile.TemporaryDirectory() as folder:
        inputs, outputs = Path(folder, "faces.npy"), Path(folder, "scores.npz")
        np.save(inputs, faces)
        program = [sys.executable, str(INSIDE / "scores.py"), str(inputs), str(outputs), *map(str, files)]
        done = processes.run(["env", f"PYTHONPATH={ROOT}", *emulator, *program], _TIMEOUT_S)
        if done.returncode:
            raise FerEdgeError(_failure(done.returncode, done.stderr))
        with np.load(outputs) as stored:
            return {file: stored[str(file)] for file in files if str(file) in stored}


def _failure(code: int, stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith(f"{EMULATOR}: warning")]
    number = -code if code < 0 else code - _SIGNALLED
    if number in {each.value for each in signal.Signals}:
        return f"ended by {signal.Signals(number).name}"
    return lines[-1] if lines else f"exit code {code}"
