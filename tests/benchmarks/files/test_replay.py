from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TEST = """
import numpy as np
from benchmarks.files.replay import REPLAY, replayed
from fer_edge.benchmark.timing import summarize

@replayed
def test_latency(benchmark):
    REPLAY.feed(benchmark, summarize({factor} * np.array([3.0, 1.0, 2.0])), {{"accuracy": 0.5}})
"""


@pytest.fixture
def replay(tmp_path: Path, child_environment: dict[str, str]) -> Callable[..., int]:
    """A function that runs a test whose calls took 3, 1 and 2 ms, times a factor, and returns pytest's exit code."""

    def run(factor: float, *arguments: str) -> int:
        (tmp_path / "test_it.py").write_text(TEST.format(factor=factor))
        command = [sys.executable, "-m", "pytest", "-q", "--benchmark-json=out.json", *arguments, "test_it.py"]
        return subprocess.run(command, cwd=tmp_path, env=child_environment, capture_output=True).returncode

    return run


def test_pytest_benchmark_stores_every_call(replay: Callable[..., int], tmp_path: Path) -> None:
    assert replay(1.0) == 0
    (kept,) = json.loads((tmp_path / "out.json").read_text())["benchmarks"]
    assert kept["stats"]["data"] == pytest.approx([0.003, 0.001, 0.002])
    assert kept["extra_info"] == {"accuracy": 0.5}


def test_pytest_benchmark_compares_with_a_stored_run(replay: Callable[..., int]) -> None:
    assert replay(1.0, "--benchmark-autosave") == 0
    compare = ("--benchmark-compare", "--benchmark-compare-fail=median:5%")
    assert replay(1.0, *compare) == 0
    assert replay(1.2, *compare) == 1


def test_replay_can_be_disabled(replay: Callable[..., int]) -> None:
    assert replay(1.0, "--benchmark-disable") == 0
