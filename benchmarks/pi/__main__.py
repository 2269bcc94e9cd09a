"""`make pi`: checks and instruction counts on an emulated Raspberry Pi's userland; runs/pi/pi.json and tables."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console

from benchmarks.pi.examination import Examined, Places, Steps, Work, examine
from benchmarks.pi.host import Host, HostUnfitError, examine_host
from benchmarks.pi.install import build_wheel
from benchmarks.pi.models import Model, find_models, find_peers, scores_here, snapshot
from benchmarks.pi.processes import Processes
from benchmarks.pi.result import PiReport, tables
from benchmarks.pi.userland import SUITES, Suite
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC, load_dataset
from fer_edge.errors import FerEdgeError
from fer_edge.terminal.consoles import make_progress, stderr
from fer_edge.training.run_folder import RUNS


class Terminated(KeyboardInterrupt):
    """SIGTERM was received; stops the work as Ctrl-C does."""


_NAMES = [suite.name for suite in SUITES]


def default_cache() -> Path:
    """Return the folder of downloads, by the XDG base directories."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fer-edge" / "pi"


@click.command()
@click.option("--data", metavar="PATH", help=f"Labelled faces; the validation split is used.  [${DATA_ENV}, synthetic]")
@click.option("--faces", type=click.IntRange(1), default=64, show_default=True, help="Number of faces.")
@click.option("--suite", "suites", type=click.Choice(_NAMES), multiple=True, help="Only this suite.  [default: all]")
@click.option("--mirror", metavar="URL", help="Debian mirror.  [default: that of apt's sources]")
@click.option("--cache", type=click.Path(path_type=Path), default=default_cache, help="Folder of downloads.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=RUNS / "pi", show_default=True, help="Folder to write."
)
def command(
    data: str | None, faces: int, suites: tuple[str, ...], mirror: str | None, cache: Path, output: Path
) -> None:
    """Install the project in a Raspberry Pi's userland, emulated; check it there and count instructions."""
    began = time.monotonic()
    host = examine_host(mirror)
    models, peers = find_models(), find_peers()
    images = load_dataset(data or os.environ.get(DATA_ENV) or SYNTHETIC).validation.spread(faces).images
    output.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    chosen = [suite for suite in SUITES if suite.name in (suites or _NAMES)]
    with tempfile.TemporaryDirectory(dir=cache, prefix="work-") as folder:
        found = _examine_all(host, models, peers, images, chosen, Places(Path(folder), cache, output))
    report = PiReport(
        datetime.now(timezone.utc).isoformat(timespec="seconds"),
        tuple(each.userland for each in found),
        tuple(count for each in found for count in each.counts),
        tuple(stage for each in found for stage in each.stages),
    )
    report.write(output / "pi.json")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    console.print(*tables(report), sep="\n")
    console.print(f"written: {output / 'pi.json'}, after {(time.monotonic() - began) / 60:.1f} minutes")
    if not report.passed:
        raise FerEdgeError("expected all checks to pass; see those that failed above")


def _examine_all(
    host: Host,
    models: list[Model],
    peers: list[Model],
    faces: npt.NDArray[np.uint8],
    suites: list[Suite],
    places: Places,
) -> list[Examined]:
    """Examine the userlands in parallel; an error in one stops all."""
    processes = Processes()
    with make_progress() as progress:
        task = progress.add_task("building the wheel, scoring on this machine", total=None)
        models = snapshot(models, places.work / "models")
        wheel, here = build_wheel(places.work), scores_here(models, faces, places.work)
        progress.remove_task(task)
        # The two longest steps go to different userlands if there are two.
        work = Work(host, wheel, models, peers, faces, here, places, processes, suites[0], suites[-1])
        with ThreadPoolExecutor(len(suites)) as pool:
            futures = [pool.submit(examine, work, suite, Steps(progress, suite.name)) for suite in suites]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                processes.stop()
                raise
    return [future.result() for future in futures]


def main() -> int:
    """Run the command; returns its exit code."""
    signal.signal(signal.SIGTERM, _raise_terminated)
    try:
        command.main(prog_name="python -m benchmarks.pi", standalone_mode=False)
    except HostUnfitError as error:
        stderr().print(f"skipped: {error}", markup=False, soft_wrap=True)
        return 0
    except FerEdgeError as error:
        stderr().print(f"error: {error}", markup=False, soft_wrap=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort as abort:  # click raises it for both signals
        stderr().print("stopped")
        return 128 + (signal.SIGTERM if isinstance(abort.__cause__, Terminated) else signal.SIGINT)
    return 0


def _raise_terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


if __name__ == "__main__":
    sys.exit(main())
