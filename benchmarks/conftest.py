"""`pytest benchmarks`: what is measured, on which faces, and where the report goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.report import Report, print_report, print_step_seconds, write_report
from benchmarks.subjects import find_model, measure
from fer_edge.files import write_atomic
from fer_edge.training.data import Split
from fer_edge.training.sources import DATA_ENV, SYNTHETIC, load_dataset

_SHARED_DATA = Path(__file__).parents[2] / "shared" / "data" / "face-expression-recognition-dataset.zip"
_report = pytest.StashKey[Report]()
_step_seconds = pytest.StashKey[dict[str, float]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fer-edge")
    group.addoption("--model", type=Path, help="a .keras file with its exports in export/ beside it [newest run's]")
    group.addoption("--data", help="labelled faces [$FER_EDGE_DATA, else synthetic]")
    group.addoption("--rounds", type=int, default=300, help="timed calls of each file [300]")
    group.addoption("--images", type=int, help="of the validation split, for accuracy [all]")
    group.addoption("--report", type=Path, default=Path("runs/benchmark"), help="folder of the report [runs/benchmark]")


@pytest.fixture(scope="session")
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The full model and the labelled faces to measure it on: real ones where they are."""
    config = request.config
    return find_model(config.getoption("--model"), _data(config), tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def real_faces(request: pytest.FixtureRequest) -> Split:
    """The validation split of real faces."""
    data = _data(request.config)
    if data == SYNTHETIC:
        pytest.skip(f"the shipped pipeline is measured on real faces: --data or ${DATA_ENV}")
    return load_dataset(data).validation


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest, subject: tuple[Path, str]) -> Report:
    """Measure the full model and all its files, interleaved, once."""
    config = request.config
    parent, data = subject
    result = measure(parent, data, rounds=config.getoption("--rounds"), images=config.getoption("--images"))
    write_report(result, config.getoption("--report"))
    config.stash[_report] = result
    return result


@pytest.fixture(scope="session")
def step_seconds(request: pytest.FixtureRequest, subject: tuple[Path, str]) -> dict[str, float]:
    """Seconds per training step, in a process of its own: this one's TensorFlow is held to one thread."""
    command = [sys.executable, "-m", "benchmarks.training_speed", subject[1]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds: dict[str, float] = json.loads(done.stdout)
    write_atomic(request.config.getoption("--report") / "training_speed.json", json.dumps(seconds, indent=1) + "\n")
    request.config.stash[_step_seconds] = seconds
    return seconds


def _data(config: pytest.Config) -> str:
    given = config.getoption("--data") or os.environ.get(DATA_ENV)
    return str(given or (_SHARED_DATA if _SHARED_DATA.is_file() else SYNTHETIC))


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Show the tables, and where the rest is."""
    console = Console(width=140, highlight=False)
    folder = config.getoption("--report")
    if (result := config.stash.get(_report, None)) is not None:
        print_report(result, console)
        console.print(f"report: {folder}/report.html, {folder}/report.json")
    if (seconds := config.stash.get(_step_seconds, None)) is not None:
        print_step_seconds(seconds, console)
