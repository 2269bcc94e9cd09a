"""Throughput of `fer-edge analyze` with more worker processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
from rich.console import Console

from fer_edge.analysis.analysis import Executor, analyze, do_here
from fer_edge.analysis.cluster import local_cluster
from fer_edge.analysis.settings import Settings
from fer_edge.analysis.source_files import find_sources
from fer_edge.runtime.sources.demo import FPS, RESOLUTION_WH, DemoSource
from fer_edge.terminal.tables import make_table

CHUNK_S = 15.0

_WARM_UP_S = 8
_WARM_UP_CHUNK_S = 1.0


@dataclass(frozen=True)
class Scaling:
    """Result for a number of workers.

    Attributes:
        workers: Number of worker processes; 0 for none.
        seconds: Seconds of each round, without the start of the workers.
        tables: Content of the tables.
    """

    workers: int
    seconds: tuple[float, ...]
    tables: tuple[bytes, ...]


def write_film(path: Path, seconds: int) -> None:
    """Write the demo as a video of so many seconds."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, RESOLUTION_WH)
    demo = DemoSource()
    for number in range(round(seconds * FPS)):
        writer.write(demo.draw(number))
    writer.release()


def measure_scaling(film: Path, folder: Path, workers: tuple[int, ...], rounds: int) -> list[Scaling]:
    """Analyze a film with each number of workers, in turns, the tables of the last round kept."""
    times: dict[int, list[float]] = {count: [] for count in workers}
    tables: dict[int, tuple[bytes, ...]] = {}
    short = folder / "warm-up.mp4"
    write_film(short, _WARM_UP_S)
    for _ in range(rounds):
        for count in workers:
            output = folder / f"workers-{count}"
            with _executor(count) as executor:
                _analyze(short, folder / "warm-up", executor, _WARM_UP_CHUNK_S)  # the workers load the model
                start = time.perf_counter()
                _analyze(film, output, executor)
                times[count].append(time.perf_counter() - start)
            tables[count] = tuple((output / name).read_bytes() for name in ("faces.csv", "tracks.csv"))
    return [Scaling(count, tuple(times[count]), tables[count]) for count in workers]


def print_scaling(results: list[Scaling], console: Console) -> None:
    """Print a row for each number of workers; the ratio is to the first one's shortest round."""
    table = make_table("analyze: worker processes", ["workers"], ["shortest round s", "throughput ratio"])
    first = min(results[0].seconds)
    for result in results:
        table.add_row(str(result.workers), f"{min(result.seconds):.1f}", f"{first / min(result.seconds):.2f}")
    console.print(table)


def _analyze(film: Path, output: Path, executor: Executor, chunk_s: float = CHUNK_S) -> None:
    settings = Settings(chunk_s=chunk_s)
    analyze(find_sources([str(film)]), output, settings, executor=executor, overwrite=True)


@contextmanager
def _executor(workers: int) -> Iterator[Executor]:
    if workers:
        with local_cluster(workers) as executor:
            yield executor
    else:
        yield do_here
