from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.sink import OnChangeOnly
from fer_edge.runtime.sinks.text import JsonlSink
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def test_only_changes_are_passed_on(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    sink = OnChangeOnly(JsonlSink(str(path), EXPRESSIONS))
    first, second = make_face("sad", 0.7), make_face("happy", track_id=2)
    shown = [(), (), (first,), (make_face("sad", 0.6),), (first, second), (second, first), (second,), (second,), ()]
    for number, faces in enumerate(shown):
        sink.write(*make_result(*faces, number=number))
    frame, result = make_result(number=9)
    sink.write(frame, replace(result, events=(Event(EventKind.LEFT, 2, 1.0, "happy"),)))
    sink.close()
    assert [json.loads(line)["frame"] for line in path.read_text().splitlines()] == [0, 2, 4, 6, 8, 9]
