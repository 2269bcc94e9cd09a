"""Throughput of `fer-edge analyze` with more workers, the sameness of its tables, and constant memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

pytest.importorskip("distributed")
from benchmarks.analysis.scaling import measure_scaling, print_scaling, write_film
from benchmarks.files.command_cost import measure_command

CONSOLE = Console(file=sys.stderr, width=120, highlight=False)


def test_throughput_scales_with_workers(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_film(film, 120)
    one, two = results = measure_scaling(film, tmp_path, (1, 2), rounds=3)
    print_scaling(results, CONSOLE)
    assert one.tables == two.tables
    if (os.cpu_count() or 1) >= 4:  # the scheduler and this process need some, too
        assert min(one.seconds) / min(two.seconds) >= 1.6


def test_memory_is_constant_in_the_length(tmp_path: Path) -> None:
    peaks = []
    for seconds in (60, 300):
        film = f"{seconds}.mp4"
        write_film(tmp_path / film, seconds)
        command = [sys.executable, "-m", "fer_edge", "analyze", film, "--output", str(seconds)]
        peaks.append(measure_command(command, tmp_path).peak_bytes / 1e6)
    CONSOLE.print("analyze: peak memory of 60 s and 300 s: " + ", ".join(f"{peak:.0f} MB" for peak in peaks))
    assert peaks[1] - peaks[0] <= 20
