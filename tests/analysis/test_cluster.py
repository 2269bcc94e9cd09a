from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from fer_edge.analysis.analysis import analyze
from fer_edge.analysis.manifest import State
from fer_edge.analysis.settings import Settings
from fer_edge.analysis.source_files import find_sources
from fer_edge.errors import SourceError
from fer_edge.models import PORTRAIT_FILE
from tests.analysis.conftest import Reports

pytest.importorskip("distributed")
from fer_edge.analysis.cluster import cluster_of, local_cluster

pytestmark = pytest.mark.slow

NAMES = ("faces.csv", "tracks.csv", "faces.parquet", "analysis.json")


@pytest.fixture(scope="module")
def alone(film: Path, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of an analysis without other processes."""
    folder = tmp_path_factory.mktemp("alone")
    analyze(find_sources([str(film), str(PORTRAIT_FILE)]), folder, settings, Reports())
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).exists()}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that starts one of Dask's commands; what still runs at the end is killed."""
    with ExitStack() as stack:

        def run(*arguments: str) -> subprocess.Popen[bytes]:
            command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
            process = stack.enter_context(
                subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )
            stack.callback(process.kill)
            return process

        yield run


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_give_the_same_bytes_as_none(
    film: Path, settings: Settings, alone: dict[str, bytes], tmp_path: Path, workers: int
) -> None:
    with local_cluster(workers) as executor:
        analyze(find_sources([str(film), str(PORTRAIT_FILE)]), tmp_path / "out", settings, Reports(), executor=executor)
    assert contents(tmp_path / "out") == alone


def test_chunk_of_a_killed_worker_is_done_by_another(
    film: Path,
    settings: Settings,
    alone: dict[str, bytes],
    tmp_path: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")  # the workers' folder is another one
    address_file = tmp_path / "scheduler.json"
    start(
        "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(address_file)
    )
    address = address_in(address_file)
    options = ("--scheduler-file", str(address_file), "--no-dashboard", "--nthreads", "1", "--no-nanny")
    victim = start("dask_worker", *options)

    class Killing(Reports):
        """Kills the worker when its first chunk is done, in the middle of the next, and starts another."""

        def on_share(self, source: object, share: float) -> None:
            if victim.poll() is None:
                os.kill(victim.pid, signal.SIGKILL)
                victim.wait()
                start("dask_worker", *options)

    sources = find_sources([str(film), str(PORTRAIT_FILE)])
    with cluster_of(address) as executor:
        manifest = analyze(sources, Path("out"), settings, Killing(), executor=executor)
    assert victim.returncode == -signal.SIGKILL
    assert {entry.state for entry in manifest.entries.values()} == {State.DONE}
    assert contents(tmp_path / "here" / "out") == alone


def test_lost_scheduler_ends_the_analysis_with_advice(
    film: Path, settings: Settings, tmp_path: Path, start: Callable[..., subprocess.Popen[bytes]]
) -> None:
    address_file = tmp_path / "scheduler.json"
    options = ("--scheduler-file", str(address_file), "--no-dashboard")
    scheduler = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *options)
    address = address_in(address_file)
    start("dask_worker", *options, "--nthreads", "1", "--no-nanny")

    class Killing(Reports):
        """Kills the scheduler when the first chunk is done."""

        def on_share(self, source: object, share: float) -> None:
            scheduler.kill()

    sources = find_sources([str(film)])
    with cluster_of(address) as executor, pytest.raises(SourceError, match="the scheduler is gone"):
        analyze(sources, tmp_path / "out", settings, Killing(), executor=executor)


def test_missing_scheduler_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.analysis.cluster._CONNECT_S", 1.0)
    with pytest.raises(SourceError, match="expected the address of a Dask scheduler"), cluster_of("tcp://127.0.0.1:9"):
        pass


def address_in(scheduler_file: Path) -> str:
    """Return the address that the scheduler writes, once the file is whole."""
    until = time.monotonic() + 120
    while True:
        with suppress(FileNotFoundError, json.JSONDecodeError):
            return str(json.loads(scheduler_file.read_text())["address"])
        assert time.monotonic() < until
        time.sleep(0.05)
