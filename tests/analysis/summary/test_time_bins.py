from __future__ import annotations

from dataclasses import replace

import pytest

from fer_edge.analysis.summary.time_bins import BINS, Span, TimeBins


def filled(*stretches: tuple[float, float, str, float], bin_s: float = 1.0) -> TimeBins:
    bins = TimeBins(bin_s)
    for stretch in stretches:
        bins.add(*stretch)
    return bins


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([], []),
        ([(0, 2, "happy", 0.8)], [Span(0, 2, "happy", 0.8)]),
        ([(0, 1, "happy", 0.5), (1, 4, "happy", 0.9)], [Span(0, 4, "happy", 0.8)]),
        ([(0, 1, "happy", 0.5), (3, 4, "happy", 0.9)], [Span(0, 1, "happy", 0.5), Span(3, 4, "happy", 0.9)]),
        ([(0, 0.4, "sad", 0.6), (0.4, 1, "happy", 0.7)], [Span(0, 1, "happy", 0.7)]),
        ([(0.9, 1.0, "sad", 0.6)], [Span(0, 1, "sad", 0.6)]),
    ],
)
def test_spans_have_the_prevailing_label_and_gaps(
    stretches: list[tuple[float, float, str, float]], expected: list[Span]
) -> None:
    spans = filled(*stretches).spans()
    assert [replace(span, score=round(span.score, 6)) for span in spans] == expected


def test_times_beyond_the_last_bin_add_none() -> None:
    assert filled((BINS - 0.5, BINS + 9.0, "happy", 1.0), (BINS + 1.0, BINS + 2.0, "sad", 1.0)).spans() == [
        Span(BINS - 1, BINS, "happy", 1.0)
    ]


def test_coarsened_bins_hold_the_same_time() -> None:
    bins = filled((0, 3, "happy", 0.5), (3, 4, "sad", 0.9), (1, 2, "sad", 0.9))
    coarse = bins.coarsened(4)
    assert coarse.faces() == {0: {"happy": 0.75, "sad": 0.5}}
    assert coarse.spans() == [Span(0, 1, "happy", 0.5)]


def test_number_of_faces_is_the_time_over_the_bin() -> None:
    assert filled((0, 1, "happy", 1.0), (0, 0.5, "sad", 1.0)).faces() == {0: {"happy": 1.0, "sad": 0.5}}
