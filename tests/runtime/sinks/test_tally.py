from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.tally import Tally
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def test_summary_without_frames() -> None:
    tally = Tally()
    assert tally.lines() == ["0 frames, 0 faces"]
    assert tally.fps == 0
    assert tally.percentile_ms("detect", 50) is None


def test_summary_without_faces_gives_advice(make_result: MakeResult) -> None:
    tally = Tally()
    tally.add(*make_result())
    assert tally.lines()[0] == "1 frame, 0 faces"
    assert tally.lines()[1] == "no face was seen: check that one is in view and upright"
    tally.advice = "Come nearer"
    assert tally.lines()[1] == "no face was seen: check that one is in view and upright. Come nearer"


def test_summary_has_frames_labels_and_percentiles(make_face: MakeFace, make_result: MakeResult) -> None:
    tally = Tally()
    tally.add(*make_result(make_face("happy"), make_face("sad")))
    tally.add(*make_result(make_face("happy")))
    tally.add(*make_result(make_face("happy")))
    count, labels, times = tally.lines()
    assert count.startswith("3 frames, ")
    assert count.endswith("4 faces")
    assert labels == "happy 75%, sad 25%"
    medians = "read 1.0/1.0, detect 10.0/10.0, track 0.3/0.3, crop 0.1/0.1, classify 0.5/0.5, total 10.6/10.6"
    assert times == f"ms (p50/p90): {medians}"
    assert tally.percentile_ms("total", 90) == pytest.approx(10.6)


def test_face_that_stays_is_one_person(make_face: MakeFace, make_result: MakeResult) -> None:
    tally, appeared = Tally(), Event(EventKind.APPEARED, 1, 0.0, "happy")
    for number in range(30):
        tally.add(*make_result(make_face("happy"), number=number, events=() if number else (appeared,)))
    assert tally.lines()[0].endswith(", 1 person")
    events = (replace(appeared, track_id=2), replace(appeared, kind=EventKind.LEFT))
    tally.add(*make_result(make_face("happy"), number=30, events=events))
    assert tally.lines()[0].endswith(", 2 persons")
