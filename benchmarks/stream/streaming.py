"""Cost of a stream: processor time per frame, time to the first result, memory, and dropped frames.

With `--peer-python` another project, `fer`, processes the same frames in turns. Its declared dependencies take 8 GB and
do not start, as OpenCV 5 has no Haar cascades and setuptools 81 no pkg_resources. These do::

    python3 -m venv fer-venv
    fer-venv/bin/pip install --no-deps fer==25.10.3
    fer-venv/bin/pip install tensorflow 'opencv-python-headless<5' 'setuptools<81' requests Pillow
    make bench-stream STREAM_FLAGS="--peer-python fer-venv/bin/python"
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.peers.peer_pipeline import open_peer
from benchmarks.stream.frame_cost import (
    before_a_wall,
    before_photographs,
    make_pipeline,
    measure_frame_costs,
    numbered,
    print_frame_costs,
)
from fer_edge.errors import FerEdgeError
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY
from fer_edge.runtime.sources.demo import FPS
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.source import Frame
from fer_edge.terminal.tables import make_table

_COMMAND = (sys.executable, "-m", "fer_edge", "run", "--camera", "demo", "--jsonl", "-", "--frames")


@dataclass(frozen=True)
class LiveResult:
    """Results of a live source.

    Attributes:
        frames: Number of frames with a result.
        dropped: Number of frames without one.
        latencies_ms: Times from a frame's arrival to its result.
    """

    frames: int
    dropped: int
    latencies_ms: list[float]


def first_result_s() -> float:
    """Return the seconds from the start of the command until its first line of results."""
    start = time.perf_counter()
    with subprocess.Popen([*_COMMAND, "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - start


def peak_memory_bytes(frames: int = 300) -> int:
    """Return the command's peak resident memory after a number of frames.

    It is read while the command runs: the usage of an ended child would include this process's memory.
    """
    with subprocess.Popen([*_COMMAND, "1000000"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for _ in range(frames):
            if not process.stdout.readline():
                raise RuntimeError("fer-edge run ended too soon")
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.terminate()
    (kilobytes,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(kilobytes) * 1024


def keep_up(images: list[Image], seconds: float) -> LiveResult:
    """Process a camera of 30 frames a second in real time."""
    pipeline, latencies_ms, numbers = make_pipeline(DEFAULT_EVERY), [], []
    pipeline.process(Frame(images[0], 0, 0.0))
    with LiveSource(_Camera(images), "camera", fps=FPS, advice="none") as source:
        for frame in islice(source, int(seconds * FPS)):
            pipeline.process(frame)
            latencies_ms.append(frame.age_s * 1000)
            numbers.append(frame.number)
    return LiveResult(len(numbers), numbers[-1] - numbers[0] + 1 - len(numbers), latencies_ms)


def soak(images: list[Image], frames: int) -> tuple[list[int], list[float]]:
    """Process many frames; returns resident bytes and milliseconds per frame for each tenth of them."""
    pipeline, stream = make_pipeline(DEFAULT_EVERY), numbered(images)
    memory, times_ms = [], []
    for _ in track(range(10), "many frames"):
        start = time.perf_counter()
        for frame in islice(stream, frames // 10):
            pipeline.process(frame)
        times_ms.append((time.perf_counter() - start) / (frames // 10) * 1000)
        memory.append(_resident_bytes())
    return memory, times_ms


class _Camera:
    """Camera that provides frames at a fixed rate, however slow its reader is."""

    def __init__(self, images: list[Image]) -> None:
        self._images = cycle(images)
        self._next = time.monotonic()

    def read(self) -> Image:
        self._next += 1 / FPS
        time.sleep(max(self._next - time.monotonic(), 0))
        picture: Image = next(self._images).copy()
        return picture

    def close(self) -> None: ...


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def compare_frame_costs(peer_python: Path | None, console: Console) -> None:
    """Print the cost of frames before a plain wall and before photographs, compared with `fer` if it is given."""
    for scene, images in (("before a wall", before_a_wall()), ("before photographs", before_photographs())):
        with ExitStack() as stack:
            peers = [stack.enter_context(open_peer(peer_python, images))] if peer_python else []
            print_frame_costs(scene, measure_frame_costs(images, *peers), console)


@click.command()
@click.option("--seconds", default=20.0, show_default=True, help="Duration of the live source.")
@click.option("--frames", default=20_000, show_default=True, help="Frames of one run, for memory and drift.")
@click.option(
    "--peer-python",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Python interpreter with fer installed, to compare with.",
)
def main(seconds: float, frames: int, peer_python: Path | None) -> None:
    """Measure the cost of a stream on this machine, which should be idle."""
    console, images = Console(highlight=False), before_a_wall()
    try:
        compare_frame_costs(peer_python, console)
    except FerEdgeError as error:
        raise click.ClickException(str(error)) from error
    table = make_table("a stream of 640x480 with one face", ["measure"], ["result"])
    firsts = sorted(first_result_s() for _ in range(5))
    table.add_row("start of the command to its first result, median of 5", f"{firsts[2]:.2f} s")
    table.add_row("peak memory of the command", f"{peak_memory_bytes() / 1e6:.0f} MB")
    live = keep_up(images, seconds)
    p50, p99 = np.percentile(live.latencies_ms, [50, 99])
    table.add_row(f"30 frames a second for {seconds:g} s: dropped", f"{live.dropped} of {live.frames}")
    table.add_row("the same: from arrival to result, p50 / p99", f"{p50:.1f} / {p99:.1f} ms")
    memory, times_ms = soak(images, frames)
    gained = (memory[-1] - memory[0]) / 1e6
    table.add_row(f"{frames:,} frames: memory gained after the first tenth", f"{gained:+.1f} MB")
    table.add_row("the same: time a frame, first and last tenth", f"{times_ms[0]:.2f}, {times_ms[-1]:.2f} ms")
    console.print(table)


if __name__ == "__main__":
    main()
