"""Exported files against their full models; latency is reported and stored, not judged."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from benchmarks.files.replay import REPLAY, replayed
from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.compare import ReportChanges
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result, Timing


@replayed
@pytest.mark.parametrize("part", ["model", "frame"])
def test_latency(benchmark: Any, report: Report, part: str, measured: str) -> None:
    result = next(result for result in report.results if result.name == measured)
    timing: Timing = getattr(result, part)
    benchmark.group = {"model": "the model alone", "frame": "from a frame to a label"}[part]
    REPLAY.feed(benchmark, timing, _facts(report, result, timing))


def test_full_models_recognize_more_than_one_class(report: Report) -> None:
    full = [result for result in report.results if result.role == "full"]
    assert full
    for result in full:
        recalled = sum(recall > 0 for recall in _quality(result).per_class("recall"))
        assert recalled >= 2, f"{result.name} predicts one class only, so that agreement means nothing"


def test_int8_keeps_accuracy_and_agreement(report: Report, chance: float) -> None:
    for result, parent in _exported(report, "int8"):
        quality = _quality(result)
        assert _quality(parent).accuracy - quality.accuracy <= 0.005 + chance, result.name
        assert quality.agreement is not None
        assert quality.agreement >= 0.97 - chance, result.name


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_float_files_compute_the_same(report: Report, precision: str) -> None:
    for result, _ in _exported(report, precision):
        agreement = _quality(result).agreement
        assert agreement is not None
        assert agreement >= 0.995, result.name


def test_int8_is_much_smaller_than_the_float_file(report: Report) -> None:
    floats = {parent.name: result.bytes for result, parent in _exported(report, "fp32")}
    for result, parent in _exported(report, "int8"):
        if parent.name in floats:
            assert result.bytes < 0.45 * floats[parent.name], result.name  # cards have the same size


def test_nothing_got_worse(changes: ReportChanges, pytestconfig: pytest.Config) -> None:
    limit = pytestconfig.getoption("--fail-on")
    if limit is None:
        pytest.skip("what got worse is shown below; to fail on it: --fail-on PERCENT")
    changes.require_no_worse(limit)


def _exported(report: Report, precision: str) -> list[tuple[Result, Result]]:
    """Return files of a precision with their full models; skip the test if there is none."""
    pairs = [(result, report.parent_of(result)) for result in report.results if result.precision == precision]
    found = [(result, parent) for result, parent in pairs if parent is not None]
    if not found:
        pytest.skip(f"no {precision} file was exported")
    return found


def _quality(result: Result) -> Quality:
    assert result.quality is not None
    return result.quality


def _facts(report: Report, result: Result, timing: Timing) -> dict[str, Any]:
    """Return the facts that pytest-benchmark stores with the times."""
    quality = _quality(result)
    facts = {key: value for key, value in asdict(timing).items() if key != "samples_ms"}
    facts |= {key: getattr(result, key) for key in ("file", "sha256", "precision", "runtime", "bytes", "threads")}
    facts |= {key: getattr(result, key) for key in ("load_ms", "first_ms", "peak_memory_bytes")}
    facts |= {key: getattr(quality, key) for key in ("accuracy", "macro_f1", "calibration_error", "agreement")}
    if quality.people is not None:
        names = ("accuracy", "mean_recall", "kl_divergence", "calibration_error")
        facts |= {f"people_{name}": getattr(quality.people, name) for name in names}
    return {**facts, "times_faster": report.times_faster(result), "faults": list(report.board.faults)}
