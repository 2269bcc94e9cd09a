from __future__ import annotations

from collections.abc import Callable

from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.totals import Totals
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def test_nothing_seen() -> None:
    totals = Totals()
    assert (totals.frames, totals.persons, totals.duration_s, totals.shares) == (0, 0, 0.0, {})


def test_persons_are_counted_once(make_face: MakeFace, make_result: MakeResult) -> None:
    totals = Totals()
    both = make_face("happy"), make_face("sad", track_id=2)
    came = tuple(Event(EventKind.APPEARED, face.track_id, 0.0, face.label) for face in both)
    for position_s, faces in enumerate([both, both[:1], (), both]):
        totals.add(*make_result(*faces, position_s=float(position_s), events=() if position_s else came))
    assert (totals.frames, totals.faces, totals.persons, totals.duration_s) == (4, 5, 2, 3.0)
    assert totals.shares == {"happy": 0.6, "sad": 0.4}


def test_persons_of_unrelated_pictures_are_all_faces(make_face: MakeFace, make_result: MakeResult) -> None:
    totals = Totals()
    for number in range(2):
        totals.add(*make_result(make_face("happy", track_id=1 + number), name=f"{number}.jpg"))
    assert (totals.appeared, totals.persons) == (0, 2)
