"""`python -m benchmarks.detector.pictures`: time and memory of looking for faces in pictures of several sizes."""

from __future__ import annotations

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

import click
import cv2
from rich.console import Console
from rich.progress import track

from benchmarks.entry import run_command
from fer_edge.preprocess import resize
from fer_edge.runtime.faces.detector import MAX_WIDTH, FaceDetector
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.runtime.sources.demo import RESOLUTION_WH, DemoSource
from fer_edge.terminal.tables import make_table

_CASES = ((640, None), (1280, None), (3840, None), (3840, MAX_WIDTH))
"""Widths of a picture, and of `--detector-width`."""

_WARM_UP, _TIMES = 1, 7


def measure(width: int, detector_width: int | None, engine: DetectorEngine) -> tuple[float, float]:
    """Return the median time in ms, and the memory in MB that the process gained, of which it needs a fresh one."""
    cv2.setNumThreads(1)
    height = width * RESOLUTION_WH[1] // RESOLUTION_WH[0]
    picture = resize(DemoSource().draw(0), (width, height))
    detector = FaceDetector(detector_width, stills=True, engine=engine)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    times = []
    for _ in range(_WARM_UP + _TIMES):
        began = time.perf_counter()
        detector.detect(picture)
        times.append(1000 * (time.perf_counter() - began))
    gained = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return median(times[_WARM_UP:]), gained / 1024


@click.command()
@click.option(
    "--engine",
    type=click.Choice([each.value for each in DetectorEngine]),
    default=DetectorEngine.AUTO.value,
    show_default=True,
    help="How the detector is computed, as fer-edge run --detector.",
)
def main(engine: str) -> None:
    """Print the time and memory of each size of picture, on one core of an idle machine."""
    table = make_table(f"faces in a picture, detector {engine}", ["picture"], ["detector width", "ms", "MB"])
    for width, detector_width in track(_CASES, "sizes"):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            ms, megabytes = fresh.submit(measure, width, detector_width, DetectorEngine(engine)).result()
        table.add_row(f"{width} px", str(detector_width or "its own"), f"{ms:.0f}", f"{megabytes:.0f}")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    run_command(main)
