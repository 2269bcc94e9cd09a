from __future__ import annotations

from dataclasses import replace

import pytest

from fer_edge.benchmark.report.float_parent import changes_from, float_parent, in_words
from fer_edge.benchmark.report.headline import headline
from fer_edge.benchmark.report_json import Report
from fer_edge.evaluation.metrics import NORMAL_95


@pytest.fixture
def few(report: Report) -> Report:
    """Five images, of which the int8 file moves three: one becomes right, two stay wrong."""
    assert report.data is not None
    full, fp32, int8, *_ = report.results
    assert full.quality is not None
    results = [
        replace(result, quality=replace(full.quality, predicted=predicted))
        for result, predicted in ((full, "00012"), (fp32, "00012"), (int8, "00423"))
    ]
    return replace(report, data=replace(report.data, labels="00441"), results=tuple(results))


def test_label_changes_are_counted_image_by_image(few: Report) -> None:
    full, fp32, int8 = few.results
    assert changes_from(few, fp32, full) is not None
    change = changes_from(few, int8, full)
    assert change is not None
    assert (change.images, change.changed, change.gained, change.lost) == (5, 3, 1, 0)
    assert change.points == pytest.approx(20)
    # The differences are 0, 0, 1, 0, 0: their variance is 0.16.
    assert change.margin == pytest.approx(100 * NORMAL_95 * (0.16 / 5) ** 0.5)


def test_unscored_results_have_no_label_changes(report: Report) -> None:
    assert changes_from(report, report.results[4], report.results[0]) is None
    assert changes_from(replace(report, data=None), report.results[2], report.results[0]) is None


def test_file_is_compared_with_its_full_model(few: Report) -> None:
    full, fp32, int8 = few.results
    other = replace(full, name="other.keras")
    several = replace(few, results=(other, full, fp32, int8))
    assert float_parent(several, int8) is full
    assert in_words(several, full) == "net/model.keras"
    assert in_words(few, full) == "the full model"


def test_float_file_replaces_a_missing_full_model(few: Report) -> None:
    _, fp32, int8 = few.results
    alone = replace(few, results=(fp32, int8))
    assert float_parent(alone, int8) is fp32
    assert float_parent(alone, fp32) is None
    assert float_parent(replace(few, results=(int8,)), int8) is None
    assert any(f"of {fp32.name}" in sentence for sentence in headline(alone))


@pytest.mark.parametrize(
    ("lost", "expected"),
    [(0.02, "int8 cost net_int8.tflite 2.00 points of accuracy"), (-0.02, "int8 cost net_int8.tflite no accuracy")],
)
def test_headline_gives_the_cost_of_int8(few: Report, lost: float, expected: str) -> None:
    full, _, int8 = few.results
    assert full.quality is not None
    worse = {**full.quality.evaluation, "accuracy": full.quality.accuracy - lost}
    changed = replace(int8, quality=replace(full.quality, evaluation=worse, predicted="00423"))
    (sentence,) = [each for each in headline(replace(few, results=(full, changed))) if each.startswith("int8")]
    assert sentence.startswith(expected)
    assert sentence.endswith("of the full model, with another label on 3 images of 5.")
