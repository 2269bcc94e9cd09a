"""Every exported file keeps the full model's results; its latency is reported, not judged."""

from __future__ import annotations

import pytest

from benchmarks.report import Report


def test_full_model_tells_expressions_apart(report: Report) -> None:
    recalled = (report.full.evaluation.recall > 0).sum()
    assert recalled >= 2, "a model that knows one class agrees with everything"


def test_int8_keeps_accuracy_and_agreement(report: Report) -> None:
    int8 = [result for result in report.results if "_int8." in result.name]
    assert int8, "no int8 file was exported"
    for result in int8:
        assert report.full.evaluation.accuracy - result.evaluation.accuracy <= 0.005, result.name
        assert result.agreement >= 0.97, result.name


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_float_files_compute_the_same(report: Report, precision: str) -> None:
    results = [result for result in report.results if f"_{precision}." in result.name]
    assert results, f"no {precision} file was exported"
    for result in results:
        assert result.agreement >= 0.995, result.name


def test_int8_is_a_quarter_of_the_float_file(report: Report) -> None:
    sizes = {result.name.split("_")[-1]: result.bytes for result in report.results}
    assert sizes["int8.tflite"] < 0.3 * sizes["fp32.tflite"]
