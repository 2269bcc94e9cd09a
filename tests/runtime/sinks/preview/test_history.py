from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.preview.history import History
from fer_edge.runtime.sources.source import Frame
from tests.runtime.sinks.preview.visitor import preview, read_json, refused

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]
WaitUntil = Callable[..., None]
Add = Callable[..., None]


@pytest.fixture
def history() -> History:
    return History(EXPRESSIONS, longest_gap_s=5)


@pytest.fixture
def add(history: History, make_face: MakeFace, make_result: MakeResult) -> Add:
    """A function that adds frames from one moment to another, each with faces that show the labels."""

    def add_frames(start: float, end: float, *labels: str, every_s: float = 0.25) -> None:
        faces = [replace(make_face(track_id=number), label=label) for number, label in enumerate(labels, 1)]
        for i in range(round((end - start) / every_s) + 1):
            history.add(start + i * every_s, make_result(*faces)[1])

    return add_frames


def test_empty_history_has_no_bucket(history: History) -> None:
    stretch = history.until(1000.0, 60)
    assert (stretch.buckets, stretch.shares, stretch.watched_s) == ([], {}, 0)


def test_seconds_are_added_up_by_label(history: History, add: Add) -> None:
    add(100.5, 103, "happy")
    stretch = history.until(103.0, 60)
    assert [(bucket.start, bucket.faces_s) for bucket in stretch.buckets] == [
        (100, {"happy": 0.5}),
        (101, {"happy": 1.0}),
        (102, {"happy": 1.0}),
    ]
    assert (stretch.resolution_s, stretch.watched_s, stretch.someone_s) == (1, 2.5, 2.5)


def test_each_face_has_its_own_seconds(history: History, add: Add) -> None:
    add(100, 101, "happy", "happy", "uncertain")
    stretch = history.until(101.0, 60)
    assert stretch.buckets[0].faces_s == {"happy": 2.0, "uncertain": 1.0}
    assert (stretch.someone_s, stretch.shares) == (1.0, {"happy": 0.6667, "uncertain": 0.3333})


def test_time_without_a_face_is_watched(history: History, add: Add) -> None:
    add(100, 102)
    assert [(bucket.watched_s, bucket.someone_s) for bucket in history.until(102.0, 60).buckets] == [(1, 0), (1, 0)]


def test_outage_is_a_gap(history: History, add: Add) -> None:
    add(100, 101, "happy")
    add(130, 131, "happy")
    stretch = history.until(131.0, 60)
    assert [bucket.start for bucket in stretch.buckets] == [100, 130]
    assert stretch.watched_s == 2


def test_rare_frames_fill_the_time_between_them(history: History, add: Add) -> None:
    add(100, 108, "sad", every_s=4)
    assert [bucket.faces_s for bucket in history.until(108.0, 60).buckets] == [{"sad": 1.0}] * 8


def test_longer_spans_are_per_minute(history: History, add: Add) -> None:
    add(120, 180, "happy", every_s=1)
    add(181, 240, "sad", every_s=1)
    stretch = history.until(240.0, 3600)
    assert stretch.resolution_s == 60
    assert [(bucket.start, bucket.faces_s) for bucket in stretch.buckets] == [
        (120, {"happy": 60.0}),
        (180, {"sad": 60.0}),
    ]


def test_span_ends_where_it_was_asked_to(history: History, add: Add) -> None:
    add(0, 100, "happy", every_s=1)
    assert [history.until(100.0, 60).buckets[index].start for index in (0, -1)] == [40, 99]


def test_a_day_is_kept_in_fixed_memory(history: History, add: Add) -> None:
    size = sum(ring._sums.nbytes for ring in (history._fine, history._coarse))
    now = 25 * 3600.0
    add(0, now, "happy", every_s=5)
    assert sum(ring._sums.nbytes for ring in (history._fine, history._coarse)) == size < 200_000
    assert len(history.until(now, 600).buckets) == 600
    day = history.until(now, 24 * 3600)
    assert len(day.buckets) == 24 * 60
    assert day.watched_s == 24 * 3600


def test_a_hundred_own_labels_stay_below_a_megabyte() -> None:
    history = History(tuple(f"label {number}" for number in range(100)), longest_gap_s=5)
    assert sum(ring._sums.nbytes for ring in (history._fine, history._coarse)) < 1_000_000


def test_history_of_a_span(make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil) -> None:
    with preview() as sink:
        for number in range(3):
            sink.write(*make_result(make_face("happy"), number=number, taken_at=time.monotonic() + number - 2))
        wait_until(lambda: read_json(f"{sink.url}api/state")["summary"]["frames"] == 3)
        fine, coarse = (read_json(f"{sink.url}api/history?span={span}") for span in (60, 86400))
    assert (fine["resolution_s"], coarse["resolution_s"], coarse["span_s"]) == (1, 60, 86400)
    assert fine["shares"] == coarse["shares"] == {"happy": 1.0}
    assert fine["someone_s"] == pytest.approx(coarse["someone_s"], abs=0.02)
    assert abs(fine["now"] + fine["clock_offset"] - time.time()) < 60


@pytest.mark.parametrize("span", ["59", "86401", "-60", "6e1", "", "60.0", "٦٠", "9" * 400])
def test_span_out_of_range_is_refused(span: str) -> None:
    with preview() as sink:
        status, text = refused(f"{sink.url}api/history?span={quote(span)}")
    assert (status, text) == (400, "span: expected a whole number in 60..86400.\n")
