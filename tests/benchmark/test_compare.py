from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.compare import FigureChange, ReportChanges, Unit, Verdict, compare_reports
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.benchmark.setting import Board, Data, Method
from fer_edge.benchmark.timing import summarize
from fer_edge.errors import FerEdgeError
from fer_edge.evaluation.metrics import evaluate_scores

IMAGES = 1000
LABELS = np.arange(IMAGES) % 7


def digits(classes: Any) -> str:
    return "".join(map(str, classes))


def wrong_at(*indices: int) -> Quality:
    """Quality of a file that is right on all images but these."""
    predicted = LABELS.copy()
    predicted[list(indices)] = (predicted[list(indices)] + 1) % 7
    scores = np.eye(7, dtype=np.float32)[predicted]
    return Quality(evaluate_scores(scores, LABELS).as_dict(), (0.0, 1.0), 1.0, digits(predicted))


def result(name: str, ms: float, *, runtime: str = "LiteRT 2.3.0", jitter: float = 0.01, **facts: Any) -> Result:
    """A file whose calls take about `ms`; each fifth of the run is up to `jitter` slower than the first."""
    windows = np.repeat(1 + jitter * np.linspace(0, 1, 5), 20)
    timing = summarize(ms * windows)
    row = Result(
        name=name, file=name, sha256=name, network="net", precision="int8", runtime=runtime, threads=1, role="file",
        bytes=1000, parameters=None, macs=None, delegate=None, parts=1, load_ms=5.0, first_ms=1.0,
        peak_memory_bytes=50_000_000, model=timing, frame=timing, quality=wrong_at(*range(100)), parent="full",
    )  # fmt: skip
    return replace(row, **facts)


FULL = result("full", 5.0, runtime="Keras 3", role="full", quality=wrong_at(*range(90)), parent=None)
SMALL = result("small", 0.5)
OTHER = result("other", 0.7)


def with_agreement(each: Result, results: tuple[Result, ...]) -> Result:
    """The same with the agreement that a report states, if the full model is among the results."""
    full = next((one for one in results if one.name == each.parent), None)
    if full is None or full.quality is None or each.quality is None:
        return each
    same = [one == other for one, other in zip(each.quality.predicted, full.quality.predicted, strict=True)]
    return replace(each, quality=replace(each.quality, agreement=float(np.mean(same))))


def report(*results: Result, **facts: Any) -> Report:
    whole = Report(
        created="2026-01-01T00:00:00Z",
        method=Method("quick", 100, 5, 0.5, 10.0, "faces"),
        data=Data("faces.zip", "validation", IMAGES, "abc", False, digits(LABELS)),
        board=Board({"machine": "board", "processor": "processor"}, {}, {}, ()),
        results=tuple(with_agreement(each, results) for each in results),
    )
    return replace(whole, **facts)


BEFORE = report(FULL, SMALL, OTHER)


def changed(after: Report, before: Report = BEFORE) -> list[tuple[str, str, Verdict]]:
    return [(row.name, row.figure, row.verdict) for row in compare_reports(before, after).beyond_noise()]


def slower(each: Result, factor: float) -> Result:
    timing = summarize(factor * np.array(each.model.samples_ms))
    return replace(each, model=timing, frame=timing)


def test_same_report_has_no_changes() -> None:
    changes = compare_reports(BEFORE, BEFORE)
    assert not changes.beyond_noise()
    assert not changes.notes
    figures = [row.figure for row in changes.rows if row.name == "small"]
    assert figures == ["model, p50", "frame, p50", "file", "peak memory", "accuracy", "agreement"]
    changes.require_no_worse(0)


def test_slower_file_is_found_relative_to_the_reference() -> None:
    after = report(FULL, slower(SMALL, 1.2), OTHER)
    assert changed(after) == [("small", f"{part}, p50", Verdict.WORSE) for part in ("model", "frame")]
    row = compare_reports(BEFORE, after).beyond_noise()[0]
    assert (row.before, row.after, row.worse) == pytest.approx((0.1, 0.12, 0.2))
    assert changed(BEFORE, after)[0] == ("small", "model, p50", Verdict.BETTER)


def test_uniformly_slower_run_has_no_changes() -> None:
    assert not changed(report(*(slower(each, 3.0) for each in BEFORE.results)))


@pytest.mark.parametrize(("factor", "jitter", "found"), [(1.04, 0.01, 0), (1.1, 0.3, 0), (1.15, 0.01, 2)])
def test_spread_of_windows_is_noise(factor: float, jitter: float, found: int) -> None:
    after = report(FULL, result("small", factor * 0.5, jitter=jitter), OTHER)
    assert len(changed(after)) == found


def test_common_change_of_pace_is_no_noise() -> None:
    heated = report(result("full", 5.0, role="full", jitter=0.5), result("small", 0.5, jitter=0.5))
    assert compare_reports(heated, heated).rows[0].noise == pytest.approx(0.05)


def test_single_file_has_no_ratio() -> None:
    changes = compare_reports(report(SMALL), report(slower(SMALL, 2)))
    assert not changes.beyond_noise()
    assert "fewer than two are in both" in changes.notes[0]


@pytest.mark.parametrize("which", ["earlier", "later"])
def test_times_of_an_invalid_run_are_not_compared(which: str) -> None:
    after = report(FULL, slower(SMALL, 2), OTHER)
    board = Board(BEFORE.board.facts, {}, {}, ("the clock fell",))
    pair = (replace(BEFORE, board=board), after) if which == "earlier" else (BEFORE, replace(after, board=board))
    changes = compare_reports(*pair)
    assert not changes.beyond_noise()
    assert changes.notes == (f"latency is not judged: the {which} run is invalid (the clock fell)",)


def test_times_of_another_processor_are_not_compared() -> None:
    after = report(FULL, slower(SMALL, 2), OTHER, board=Board({"machine": "board", "processor": "p"}, {}, {}, ()))
    assert compare_reports(BEFORE, after).notes == ("latency is not judged: the processor was processor and is p",)


def test_results_of_one_report_only_are_named() -> None:
    changes = compare_reports(BEFORE, report(FULL, SMALL, result("new", 1.0)))
    assert changes.notes == ("not in the later report: other", "not in the earlier report: new")


def test_another_library_version_is_the_same_subject() -> None:
    assert not compare_reports(BEFORE, report(FULL, SMALL, replace(OTHER, runtime="LiteRT 3.0"))).notes
    another = compare_reports(BEFORE, report(FULL, SMALL, replace(OTHER, runtime="tflite-runtime 2.14")))
    assert len(another.notes) == 2


def test_files_with_one_name_are_matched_by_result_name() -> None:
    twins = [replace(SMALL, name=name, file="f", sha256=name) for name in ("a", "b")]
    before, after = report(FULL, *twins), report(FULL, twins[0], slower(twins[1], 2))
    assert {name for name, _, _ in changed(after, before)} == {"b"}


def test_changed_reference_gives_a_note() -> None:
    changes = compare_reports(BEFORE, report(replace(FULL, sha256="another", runtime="Keras 4"), SMALL, OTHER))
    assert [note.split(" (")[0] for note in changes.notes] == [
        f"full, the reference of all times, changed its {what}" for what in ("file", "runtime")
    ]


def test_first_common_file_replaces_a_missing_reference() -> None:
    rows = compare_reports(BEFORE, report(OTHER, SMALL)).rows
    assert [row.name for row in rows if row.unit is Unit.TIMES] == ["other", "other"]
    assert rows[0].before == pytest.approx(1.4)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"bytes": 1001}, ("file", Verdict.WORSE)),
        ({"bytes": 999}, ("file", Verdict.BETTER)),
        ({"peak_memory_bytes": 50_400_000}, None),
        ({"peak_memory_bytes": 51_000_000}, ("peak memory", Verdict.WORSE)),
        ({"peak_memory_bytes": None}, None),
    ],
)
def test_size_has_no_noise_and_memory_little(facts: dict[str, Any], expected: tuple[str, Verdict] | None) -> None:
    after = report(FULL, replace(SMALL, **facts), OTHER)
    assert changed(after) == ([] if expected is None else [("small", *expected)])


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (range(100), []),
        (range(102), []),  # two images more: chance
        (range(106), ["accuracy", "agreement"]),
        (range(50, 160), ["agreement"]),  # fifty were wrong and are right, sixty the other way
        (range(60), ["agreement"]),
    ],
)
def test_quality_is_compared_image_by_image(wrong: range, expected: list[str]) -> None:
    changes = compare_reports(BEFORE, report(FULL, replace(SMALL, quality=wrong_at(*wrong)), OTHER))
    found = [row.figure for row in changes.beyond_noise() if row.verdict is Verdict.WORSE]
    assert found == expected


def test_agreement_under_another_prior_is_not_compared() -> None:
    full, small, other = BEFORE.results
    assert small.quality is not None
    folded = replace(small, quality=replace(small.quality, agreement=1.0))
    for pair in ((BEFORE, folded), (replace(BEFORE, results=(full, folded, other)), small)):
        changes = compare_reports(pair[0], replace(BEFORE, results=(full, pair[1], other)))
        assert changes.notes == ("agreement is not judged for small: the full model has a different prior",)
        assert [row.name for row in changes.rows if row.figure == "agreement"] == ["other"]
        assert {row.name for row in changes.rows if row.figure == "accuracy"} == {"full", "small", "other"}


def test_few_more_correct_images_are_better() -> None:
    after = report(FULL, replace(SMALL, quality=wrong_at(*range(94))), OTHER)
    assert ("small", "accuracy", Verdict.BETTER) in changed(after)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "the later run had no labelled images"),
        (Data("faces.zip", "validation", 500, "abc", False, digits(LABELS[:500])), "the images are not the same"),
        (Data("other.zip", "validation", IMAGES, "xyz", False, digits(LABELS)), "the images are not the same"),
    ],
)
def test_other_images_are_not_compared(data: Data | None, reason: str) -> None:
    changes = compare_reports(BEFORE, replace(BEFORE, data=data))
    assert not [row for row in changes.rows if row.unit is Unit.SHARE]
    assert changes.notes[0].startswith(f"accuracy is not judged: {reason}")


def make_change(worse: float, noise: float = 0.05) -> FigureChange:
    return FigureChange("small", "model, p50", Unit.TIMES, 1.0, 1.0 + worse, worse, noise)


@pytest.mark.parametrize(
    ("worse", "percent", "fails"),
    [(0.2, 10, True), (0.2, 30, False), (0.04, 0, False), (0.06, 0, True), (-0.9, 10, False)],
)
def test_only_changes_beyond_noise_and_limit_fail(worse: float, percent: float, fails: bool) -> None:
    changes = ReportChanges((make_change(worse),), ())
    if not fails:
        return changes.require_no_worse(percent)
    with pytest.raises(FerEdgeError, match="small model, p50 by"):
        changes.require_no_worse(percent)
    return None


def test_worst_changes_come_first_and_the_rest_are_counted() -> None:
    changes = ReportChanges(tuple(map(make_change, (0.1, 0.4, -0.5, 0.2, 0.3))), ())
    assert [row.worse for row in changes.beyond_noise()] == [0.4, 0.3, 0.2, 0.1, -0.5]
    with pytest.raises(FerEdgeError, match=r"by 40\.0%.*and 1 more"):
        changes.require_no_worse(5)


def test_reports_without_common_files_give_notes() -> None:
    changes = compare_reports(report(SMALL, data=None), report(OTHER, data=None))
    assert not changes.rows
    assert len(changes.notes) == 4


def with_votes(whole: Report, majority: str) -> Report:
    assert whole.data is not None
    return replace(whole, data=replace(whole.data, majority=majority))


MAJORITY = digits(LABELS)[:800] + "-" * 200


def test_peoples_answer_is_compared_on_images_with_a_majority() -> None:
    before = with_votes(BEFORE, MAJORITY)
    after = with_votes(report(FULL, replace(SMALL, quality=wrong_at(*range(130))), OTHER), MAJORITY)
    row = next(row for row in compare_reports(before, after).rows if row.figure == "people's answer" and row.worse)
    assert row.name == "small"
    assert (row.before, row.after) == pytest.approx((700 / 800, 670 / 800))
    assert row.verdict is Verdict.WORSE
    beyond = replace(SMALL, quality=wrong_at(*range(100), *range(800, 1000)))
    changes = compare_reports(before, with_votes(report(FULL, beyond, OTHER), MAJORITY))
    assert not [row for row in changes.beyond_noise() if row.figure == "people's answer"]


@pytest.mark.parametrize(
    ("earlier", "later", "reason"),
    [
        ("", MAJORITY, "the earlier run had no votes"),
        (MAJORITY, "", "the later run had no votes"),
        (MAJORITY, MAJORITY[::-1], "the votes are not the same"),
    ],
)
def test_other_votes_are_not_compared(earlier: str, later: str, reason: str) -> None:
    changes = compare_reports(with_votes(BEFORE, earlier), with_votes(BEFORE, later))
    assert changes.notes == (f"people's answer is not judged: {reason}",)
    assert {row.figure for row in changes.rows if row.unit is Unit.SHARE} == {"accuracy", "agreement"}
