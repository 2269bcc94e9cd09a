from __future__ import annotations

from collections.abc import Callable

from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.preview.totals import Totals
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def test_nothing_seen() -> None:
    totals = Totals()
    assert (totals.frames, totals.persons, totals.duration_s, totals.shares) == (0, 0, 0.0, {})


def test_persons_are_counted_once(make_face: MakeFace, make_result: MakeResult) -> None:
    totals = Totals()
    both = make_face("happy"), make_face("sad", track_id=2)
    for position_s, faces in enumerate([both, both[:1], (), both]):
        totals.add(*make_result(*faces, position_s=float(position_s)))
    assert (totals.frames, totals.persons, totals.duration_s) == (4, 2, 3.0)
    assert totals.shares == {"happy": 0.6, "sad": 0.4}


def test_tracks_are_counted_in_bounded_memory(make_face: MakeFace, make_result: MakeResult) -> None:
    totals = Totals()
    stays = make_face("happy", track_id=1)
    for number in range(2, 5000):
        totals.add(*make_result(stays, make_face("sad", track_id=number)))
    assert totals.persons == 4999
    assert len(totals._known) <= 1000
