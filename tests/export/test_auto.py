from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from export import auto, exporter
from export.auto import export_fastest
from export.calibration import choose_calibration_set
from export.exporter import Exporter
from export.parity import Tolerance, tolerance_for
from export.target import Format, Target
from fer_edge.benchmark.results import Timing
from fer_edge.benchmark.timing import Effort, summarize
from fer_edge.dataset.data import Dataset
from fer_edge.errors import FerEdgeError
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.precision import Precision
from fer_edge.training.networks.keras_file import KerasClassifier

FP32, DYNAMIC, INT8 = (Target(Format.TFLITE, each) for each in (Precision.FP32, Precision.DYNAMIC, Precision.INT8))
IMPOSSIBLE = Tolerance(agreement=0, kl_divergence=-1, accuracy_drop=1, recall_drop=1)


class Stages:
    """Records progress."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.done = 1.0

    def __call__(self, name: str, done: float) -> None:
        if [name] != self.names[-1:]:
            assert self.done == 1
            self.names.append(name)
            self.done = 0.0
        assert self.done <= done <= 1
        self.done = done


@pytest.fixture
def stages() -> Stages:
    return Stages()


@pytest.fixture
def tiny_exporter(tiny_classifier: KerasClassifier, faces: Dataset, tmp_path: Path, stages: Stages) -> Exporter:
    calibration = choose_calibration_set(faces.train, faces.name, images=35)
    return Exporter(tiny_classifier, faces.validation, calibration, tmp_path / "out", on_stage=stages)


def pretend_times(monkeypatch: pytest.MonkeyPatch, **ms: float) -> None:
    """Replace the measured times of files, by precision, ms."""

    def measure(
        calls: Mapping[str, Callable[[int], object]], effort: Effort, on_progress: Callable[[float], None]
    ) -> dict[str, Timing]:
        for call in calls.values():
            assert all(np.asarray(call(i)).shape == (7,) for i in (0, 100))
        on_progress(1.0)
        return {name: summarize(np.full(effort.rounds, ms[name.split(".")[0].split("_")[1]])) for name in calls}

    monkeypatch.setattr(auto, "measure_interleaved", measure)


def fail(monkeypatch: pytest.MonkeyPatch, *precisions: Precision) -> None:
    """Make verification fail for files of these precisions."""
    monkeypatch.setattr(
        exporter, "tolerance_for", lambda each: IMPOSSIBLE if each in precisions else tolerance_for(each)
    )


@pytest.mark.slow
def test_one_file_is_kept_and_all_are_reported(
    tiny_exporter: Exporter, faces: Dataset, tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_times(monkeypatch, fp32=3.0, dynamic=1.0, int8=2.0)
    trial = export_fastest(tiny_exporter, [FP32, DYNAMIC, INT8], faces.validation, stages)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["tiny_dynamic.tflite"]
    assert trial.kept is not None
    assert trial.choice is not None
    assert trial.kept.path == tmp_path / "out" / "tiny_dynamic.tflite"
    assert trial.choice.reason == "it is the fastest; the next, tiny_int8.tflite, takes 2.00 times as long"
    assert read_card(trial.kept.path).parity["passed"] is True
    assert trial.kept.bytes == trial.kept.path.stat().st_size
    assert [tried.name for tried in trial.tried] == ["tiny_fp32.tflite", "tiny_dynamic.tflite", "tiny_int8.tflite"]
    assert all(tried.exported and tried.look_ms for tried in trial.tried)
    assert [len(tried.timing.samples_ms) for tried in trial.tried if tried.timing] == [700, 700, 700]
    assert stages.names[1:3] == ["conversion", "a first look at the times"]
    assert stages.names[3:] == ["tiny_dynamic.tflite", "tiny_int8.tflite", "tiny_fp32.tflite", "the times"]
    assert stages.done == 1


def test_the_fastest_that_fails_is_not_kept(
    tiny_exporter: Exporter, faces: Dataset, tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_times(monkeypatch, fp32=2.0, dynamic=1.0)
    fail(monkeypatch, Precision.DYNAMIC)
    trial = export_fastest(tiny_exporter, [FP32, DYNAMIC], faces.validation, stages)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["tiny_fp32.tflite"]
    fp32, dynamic = trial.tried
    assert fp32.timing
    assert dynamic.exported
    assert dynamic.exported.faults
    assert dynamic.timing is None


def test_far_slower_file_is_not_verified(
    tiny_exporter: Exporter, faces: Dataset, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_times(monkeypatch, fp32=1.0, int8=10.1)
    trial = export_fastest(tiny_exporter, [FP32, INT8], faces.validation, stages)
    fp32, int8 = trial.tried
    assert fp32.timing
    assert (int8.look_ms, int8.exported, int8.timing) == (10.1, None, None)
    assert "tiny_int8.tflite" not in stages.names


def test_far_slower_file_is_verified_if_the_fast_ones_fail(
    tiny_exporter: Exporter, faces: Dataset, tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_times(monkeypatch, fp32=1.0, int8=10.1)
    fail(monkeypatch, Precision.FP32)
    trial = export_fastest(tiny_exporter, [FP32, INT8], faces.validation, stages)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["tiny_int8.tflite"]
    assert trial.choice is not None
    assert trial.choice.reason == "no other file passed verification"


def test_file_that_cannot_be_run_here_is_no_candidate(
    tiny_exporter: Exporter, faces: Dataset, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_times(monkeypatch, fp32=1.0)

    def refuse_dynamic(path: Path) -> object:
        if "dynamic" in path.name:
            raise FerEdgeError("FULLY_CONNECTED v12 is unknown here")
        return open_interpreter(path)

    monkeypatch.setattr(exporter, "open_interpreter", refuse_dynamic)
    trial = export_fastest(tiny_exporter, [DYNAMIC, FP32], faces.validation, stages)
    dynamic, fp32 = trial.tried
    assert dynamic.refusal == "FULLY_CONNECTED v12 is unknown here"
    assert (dynamic.bytes, dynamic.look_ms, dynamic.exported) == (None, None, None)
    assert fp32.timing


def test_nothing_is_written_if_none_passes(
    tiny_exporter: Exporter, faces: Dataset, tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_times(monkeypatch, fp32=1.0, int8=1.0)
    fail(monkeypatch, Precision.FP32, Precision.INT8)
    trial = export_fastest(tiny_exporter, [FP32, INT8], faces.validation, stages)
    assert (trial.kept, trial.choice) == (None, None)
    assert all(tried.exported and tried.exported.faults for tried in trial.tried)
    assert not (tmp_path / "out").exists()
