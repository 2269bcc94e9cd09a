from __future__ import annotations

import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pi.processes import Processes
from benchmarks.pi.processors.emulation import EMULATOR, Processor, missing_emulator, require_emulator, run_models
from fer_edge.errors import FerEdgeError, InputError

IS_LINUX_X86_64 = (sys.platform, platform.machine()) == ("linux", "x86_64")
FACE = np.zeros((1, 48, 48), np.uint8)

needs_emulator = pytest.mark.skipif(missing_emulator() is not None, reason=str(missing_emulator()))


@pytest.mark.skipif(not IS_LINUX_X86_64, reason="another message says that it needs x86-64")
def test_missing_emulator_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=f"expected {EMULATOR} on the PATH, found none; install it: sudo apt install"):
        require_emulator()


def test_program_that_fails_gives_its_last_line(model_file: Path) -> None:
    with pytest.raises(FerEdgeError, match="reshape"):
        run_models(Processes(), [model_file], np.zeros((1, 3, 3), np.uint8), None)


@needs_emulator
def test_processor_that_lacks_an_instruction_is_reported(model_file: Path) -> None:
    # numpy 2.4 and later need SSE4.2, and say so themselves; other programs are ended by a signal.
    with pytest.raises(FerEdgeError, match=r"SIGILL|CPU"):
        run_models(Processes(), [model_file], FACE, Processor("core2duo-v1,-ssse3,-sse4.1", "x86-64"))


@needs_emulator
def test_unknown_processor_is_reported(model_file: Path) -> None:
    with pytest.raises(FerEdgeError, match="unable to find CPU model 'nonsense'"):
        run_models(Processes(), [model_file], FACE, Processor("nonsense", ""))


def test_scores_here_are_the_interpreters(model_file: Path, faces: object) -> None:
    scores = run_models(Processes(), [model_file], FACE, None)
    assert scores[model_file].shape == (1, 7)
