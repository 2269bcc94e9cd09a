from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from fer_edge.benchmark import fresh
from fer_edge.benchmark.fresh import Fresh, fresh_command, median_fresh, run_fresh
from fer_edge.errors import FerEdgeError
from fer_edge.inference.engine import Engine


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


def test_a_model_files_memory_is_its_own(model_file: Path) -> None:
    # A child's ru_maxrss would begin with what its parent holds.
    held = np.ones(100_000_000, np.float64)
    result = run_fresh(fresh_command(model_file, Engine.LITERT, 2))
    assert held.nbytes == 800_000_000
    assert result.load_ms > 0
    assert result.first_ms > 0
    if result.peak_memory_bytes is not None:
        assert 20_000_000 + model_file.stat().st_size < result.peak_memory_bytes < 400_000_000


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.exit('no such thing')", "no such thing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed a fresh process .SIGSEGV"),
        ("print('hello')", "expected a line of JSON, got 'hello"),
        ("print('{\"load_ms\": 1}')", "failed in a fresh process"),
        ("pass", "expected a line of JSON, got ''"),
    ],
)
def test_a_process_that_fails(code: str, reason: str) -> None:
    with pytest.raises(FerEdgeError, match=reason) as raised:
        run_fresh(python(code))
    assert "\n" not in str(raised.value)


def test_a_process_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "_TIMEOUT_S", 0.5)
    with pytest.raises(FerEdgeError, match="nothing came of it in"):
        run_fresh(python("import time; time.sleep(60)"))


def test_a_file_that_cannot_be_run_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(b"text")
    with pytest.raises(FerEdgeError, match="expected a TFLite flatbuffer"):
        run_fresh(fresh_command(path, Engine.LITERT))


def test_the_median_of_three_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    values = {"a": iter([5.0, 1.0, 2.0]), "slow": iter([3000.0])}

    def run(command: tuple[str, ...]) -> Fresh:
        order.append(command[0])
        return Fresh(next(values[command[0]]), 1.0, None)

    monkeypatch.setattr(fresh, "run_fresh", run)
    told: list[float] = []
    assert median_fresh([("a",), ("slow",)], told.append) == [Fresh(2.0, 1.0, None), Fresh(3000.0, 1.0, None)]
    assert order == ["a", "slow", "a", "a"]
    assert told[-1] == 1
    assert median_fresh([]) == []
