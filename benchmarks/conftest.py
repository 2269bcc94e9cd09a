"""`pytest benchmarks`: its options, what it measures, on which faces, and where the report goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.entry import note, read_voted_dataset
from benchmarks.files.subjects import find_models, find_peers, load_all, train_briefly
from benchmarks.pi.result import read_counts
from benchmarks.training.training_speed import step_seconds_table
from fer_edge.benchmark.compare import ReportChanges, compare_reports
from fer_edge.benchmark.labelled_faces import describe_data, take_some
from fer_edge.benchmark.measure import measure
from fer_edge.benchmark.report import write_report
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.subjects import Subject
from fer_edge.benchmark.tables import changes_lines, report_lines
from fer_edge.benchmark.timing import DEFAULT, QUICK, SUSTAINED
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC, load_dataset
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.files import write_atomic
from fer_edge.terminal.consoles import stages_display, stdout


@dataclass(frozen=True)
class Prepared:
    """Subjects and faces of a session.

    Attributes:
        subjects: Loaded, full models first.
        dataset: The labelled faces that they are measured on.
        synthetic: Whether those are synthetic.
    """

    subjects: list[Subject]
    dataset: Dataset
    synthetic: bool


_dataset = pytest.StashKey[Dataset]()
_prepared = pytest.StashKey[Prepared]()
_report = pytest.StashKey[Report]()
_changes = pytest.StashKey[ReportChanges]()
_step_seconds = pytest.StashKey[dict[str, float]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("fer-edge")
    add = group.addoption
    add(
        "--model",
        action="append",
        type=Path,
        help="a .keras file with its exports in export/ beside it; repeatable [of the runs on the data, the newest of "
        "the documented network and of each that ships]",
    )
    add("--data", help=f"labelled faces [${DATA_ENV}, else synthetic]")
    add("--votes", type=Path, help="people's votes on the images, as for fer-edge evaluate [FER+'s on FER2013]")
    add("--official-split", action="store_true", help="divide a copy of FER2013 as fer-edge train does with it")
    add("--quick", dest="effort", action="store_const", const=QUICK, help="at least 50 rounds and 1 s")
    add("--sustained", dest="effort", action="store_const", const=SUSTAINED, help="ten minutes")
    add("--images", type=int, help="number of validation images that accuracy is measured on [all]")
    add("--report", type=Path, default=Path("runs/benchmark"), help="folder of the report [runs/benchmark]")
    add("--peer", action="append", default=[], help="fer, or another project's .tflite or .onnx file; repeatable")
    add("--peer-labels", action="append", default=[], help="names of a peer's scores in order, with commas between")
    add("--peer-range", action="append", default=[], help="black and white in a peer's input: --peer-range=-1..1")
    add("--peer-python", type=Path, help="Python interpreter with fer installed, to compare whole commands with")
    add("--compare", type=Path, help="an earlier report.json")
    add("--fail-on", type=float, help="percent by which a figure may get worse; without it, nothing fails")


def pytest_configure(config: pytest.Config) -> None:
    """Show few columns of pytest-benchmark, so that its tables fit a terminal, unless columns are asked for."""
    if not config.option.benchmark_columns:
        config.option.benchmark_columns = ["median", "iqr", "rounds"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test for each subject; their names are known once they are loaded."""
    if "measured" in metafunc.fixturenames:
        config = metafunc.config
        try:
            names = [] if config.option.collectonly else [subject.name for subject in _prepare(config).subjects]
        except FerEdgeError as error:
            raise pytest.UsageError(str(error)) from error
        metafunc.parametrize("measured", names)


@pytest.fixture(scope="session")
def real_faces(pytestconfig: pytest.Config) -> Split:
    """Validation split of real faces."""
    if _data(pytestconfig) == SYNTHETIC:
        pytest.skip(f"the shipped pipeline is measured on real faces: --data or ${DATA_ENV}")
    return _read_dataset(pytestconfig).validation


@pytest.fixture(scope="session")
def report(pytestconfig: pytest.Config) -> Report:
    """Measure all subjects once, interleaved, and write the report."""
    prepared = _prepare(pytestconfig)
    faces = take_some(prepared.dataset.validation, pytestconfig.getoption("--images"))
    with _shown(pytestconfig), stages_display() as on_stage:
        result = measure(
            prepared.subjects,
            effort=pytestconfig.getoption("effort") or DEFAULT,
            faces=faces,
            data=describe_data(prepared.dataset, faces, "validation", synthetic=prepared.synthetic),
            emulated=read_counts(),
            on_stage=on_stage,
        )
    write_report(result, pytestconfig.getoption("--report"))
    pytestconfig.stash[_report] = result
    return result


@pytest.fixture(scope="session")
def chance(report: Report, pytestconfig: pytest.Config) -> float:
    """Difference of shares that chance explains on a sample of the images: three standard errors of 3 %, 0..1."""
    if report.data is None or pytestconfig.getoption("--images") is None:
        return 0.0
    return float(3 * (0.03 * 0.97 / report.data.images) ** 0.5)


@pytest.fixture(scope="session")
def changes(report: Report, pytestconfig: pytest.Config) -> ReportChanges:
    """Compare the report with an earlier one."""
    earlier = pytestconfig.getoption("--compare")
    if earlier is None:
        pytest.skip("no earlier report to compare with: --compare EARLIER/report.json")
    result = compare_reports(Report.read(earlier), report)
    pytestconfig.stash[_changes] = result
    return result


@pytest.fixture(scope="session")
def step_seconds(pytestconfig: pytest.Config) -> dict[str, float]:
    """Measure seconds per training step in another process: TensorFlow has one thread in this one."""
    command = [sys.executable, "-m", "benchmarks.training.training_speed", _data(pytestconfig)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds: dict[str, float] = json.loads(done.stdout)
    write_atomic(pytestconfig.getoption("--report") / "training_speed.json", json.dumps(seconds, indent=1) + "\n")
    pytestconfig.stash[_step_seconds] = seconds
    return seconds


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Show the tables, and where the report is."""
    if (result := config.stash.get(_report, None)) is not None:
        folder = config.getoption("--report")
        stdout().print(*report_lines(result), f"report: {folder}/report.html, .md, .json, .csv", sep="\n")
    if (changed := config.stash.get(_changes, None)) is not None:
        stdout().print(*changes_lines(changed), sep="\n")
    if (seconds := config.stash.get(_step_seconds, None)) is not None:
        stdout().print(step_seconds_table(seconds))


def _prepare(config: pytest.Config) -> Prepared:
    if _prepared not in config.stash:
        with _shown(config):
            config.stash[_prepared] = _load(config)
    return config.stash[_prepared]


def _load(config: pytest.Config) -> Prepared:
    earlier, fail_on = config.getoption("--compare"), config.getoption("--fail-on")
    if fail_on is not None and earlier is None:
        raise InputError("--fail-on judges a comparison: give the earlier report with --compare")
    if earlier is not None:
        Report.read(earlier)  # fails now rather than after minutes
    peers = find_peers(*(config.getoption(name) for name in ("--peer", "--peer-labels", "--peer-range")))
    data, dataset = _data(config), _read_dataset(config)
    models = config.getoption("--model") or find_models(dataset.sha256())
    if not models:
        note(f"no run was trained on {data}: measuring a network that is trained briefly on synthetic faces")
        scratch = tempfile.TemporaryDirectory(prefix="fer-edge-")
        config.add_cleanup(scratch.cleanup)
        models, data = [train_briefly(Path(scratch.name) / "synthetic", note)], SYNTHETIC
        dataset = load_dataset(data)
    division = ["--official-split"] * (config.getoption("--official-split") and data != SYNTHETIC)
    return Prepared(load_all(models, ["--data", data, *division], peers, note), dataset, data == SYNTHETIC)


def _data(config: pytest.Config) -> str:
    return str(config.getoption("--data") or os.environ.get(DATA_ENV) or SYNTHETIC)


def _read_dataset(config: pytest.Config) -> Dataset:
    if _dataset not in config.stash:
        official = config.getoption("--official-split")
        config.stash[_dataset] = read_voted_dataset(_data(config), config.getoption("--votes"), official_split=official)
    return config.stash[_dataset]


@contextmanager
def _shown(config: pytest.Config) -> Iterator[None]:
    """Show at once what is printed, as measuring takes minutes."""
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        yield
