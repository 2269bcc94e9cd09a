"""Scales, the Pareto front, and where labels and dots go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.benchmark.report.every_call import every_call_chart
from fer_edge.benchmark.report.scale import LinearScale, LogScale, log_scale_of
from fer_edge.benchmark.report.trade_off import pareto_front, spread_out, trade_off_chart
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.benchmark.timing import SAMPLES_KEPT, summarize
from fer_edge.markup import render, tag


def test_log_scale_maps_equal_ratios_to_equal_distances() -> None:
    scale = LogScale(0.1, 10, 0, 100)
    assert [scale(value) for value in (0.1, 1, 10)] == pytest.approx([0, 50, 100])
    assert scale(0) == 0


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.1, 10, [0.1, 0.2, 0.5, 1, 2, 5, 10]),
        (0.001, 1000, [0.001, 0.01, 0.1, 1, 10, 100, 1000]),
        (2.1, 3.2, [2.2, 2.4, 2.6, 2.8, 3.0, 3.2]),
    ],
)
def test_ticks_are_round_and_never_fewer_than_two(low: float, high: float, expected: list[float]) -> None:
    assert LogScale(low, high, 0, 1).ticks() == pytest.approx(expected)


@pytest.mark.parametrize(("low", "high"), [(0.58, 0.68), (0.995, 1.0), (0.0, 1.0), (0.123, 0.9)])
def test_linear_ticks_lie_within_and_are_few(low: float, high: float) -> None:
    ticks = LinearScale(low, high, 0, 1).ticks()
    assert 2 <= len(ticks) <= 8
    assert low <= ticks[0] < ticks[-1] <= high + 1e-9


def test_zero_times_lie_on_the_scale() -> None:
    scale = log_scale_of([0.0, 0.0], 10, 20)
    assert 10 <= scale(0.0) <= 20


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [([], []), ([5], [5]), ([5, 6, 7], [5, 15, 25]), ([20, 90, 95], [20, 85, 95]), ([99, 99, 99], [75, 85, 95])],
)
def test_labels_are_spread_out_in_order(wanted: list[float], expected: list[float]) -> None:
    assert spread_out(wanted, 10, 95) == expected


def named(report: Report, name: str, ms: float, accuracy: float) -> Result:
    result = report.results[0]
    assert result.quality is not None
    quality = replace(result.quality, evaluation={**result.quality.evaluation, "accuracy": accuracy})
    return replace(result, name=name, model=replace(result.model, p50=ms), quality=quality)


def test_pareto_front_is_what_nothing_beats_in_both(report: Report) -> None:
    results = [
        named(report, "slow and best", 10, 0.7),
        named(report, "slower, the same", 11, 0.7),
        named(report, "fast", 1, 0.6),
        named(report, "beaten", 2, 0.5),
        replace(report.results[0], name="unscored", quality=None),
    ]
    assert [result.name for result in pareto_front(results)] == ["fast", "slow and best"]


def test_pareto_front_by_people_needs_votes(report: Report, voted_report: Report) -> None:
    assert pareto_front(report.each_file, by_people=True) == []
    assert len(pareto_front(voted_report.each_file, by_people=True)) >= 1


def test_without_accuracy_there_is_no_trade_off(report: Report) -> None:
    assert trade_off_chart([replace(result, quality=None) for result in report.results]) is None


def test_file_is_one_disc_for_all_engines(report: Report) -> None:
    first = next(result for result in report.results if result.role == "file")
    again = replace(first, name="the same file", runtime="another")
    more = replace(report, results=(*report.results, again))
    assert [result.name for result in more.each_file] == [result.name for result in report.each_file]
    assert len(more.each_file) == len(report.results)


def test_disc_label_omits_only_the_library(report: Report) -> None:
    first = next(result for result in report.results if result.role == "file")
    named = [replace(first, name=f"net (1).tflite{suffix}") for suffix in ("", f" ({first.library})")]
    for result in named:
        chart = trade_off_chart([result])
        assert chart is not None
        assert ">net (1).tflite</text>" in render(chart.drawing)


def test_every_stored_call_is_a_dot() -> None:
    chart = every_call_chart("", {"a": summarize(np.array([1.0, 2.0, 4.0, 8.0]))})
    assert render(chart.drawing).count("h0") == 4
    assert "a call, none left out:" in chart.notes[0]
    chart = every_call_chart("", {"a": summarize(np.arange(1.0, 3e6))})
    assert render(chart.drawing).count("h0") == SAMPLES_KEPT
    assert "a call, 2,000 of 2,999,999; the figures are of all:" in chart.notes[0]
    assert "2,999,999 calls" in chart.description
    chart = every_call_chart("", {"a": summarize(np.arange(1.0, SAMPLES_KEPT + 2))})
    assert "a call, 2,000 of 2,001;" in chart.notes[0]


def test_text_and_attributes_are_escaped() -> None:
    element = tag("p", "<b>", tag("i", "&"), "</p>", title='"<', class_="a", hidden=None)
    assert render(element) == '<p title="&quot;<" class="a">&lt;b&gt;<i>&amp;</i>&lt;/p&gt;</p>'
