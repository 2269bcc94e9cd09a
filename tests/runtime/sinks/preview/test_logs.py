from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.preview.logs import LogForm, RecentLog, written_file
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def lines(log: RecentLog) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.renderer(LogForm.JSONL)().splitlines()]


def test_a_result_a_second_is_kept_and_each_with_an_event(make_face: MakeFace, make_result: MakeResult) -> None:
    log = RecentLog(EXPRESSIONS)
    for number in range(40):
        frame, result = make_result(make_face(), number=number, taken_at=100 + number / 10)
        events = (Event(EventKind.CHANGED, 1, 1.0, "happy", "sad"),) if number == 25 else ()
        log.add(frame, replace(result, events=events))
    assert [line["frame"] for line in lines(log)] == [0, 10, 20, 25, 35]
    assert [line["elapsed_s"] for line in lines(log)] == [0, 1, 2, 2.5, 3.5]
    rows = list(csv.DictReader(log.renderer(LogForm.CSV)().splitlines()))
    assert [row["frame"] for row in rows] == ["0", "10", "20", "25", "35"]
    assert rows[0]["label"] == "happy"


def test_empty_log_has_a_csv_header() -> None:
    log = RecentLog(EXPRESSIONS)
    assert log.renderer(LogForm.JSONL)() == ""
    assert log.renderer(LogForm.CSV)().startswith("time,frame,")


def test_newest_results_are_kept_in_bounded_memory(make_face: MakeFace, make_result: MakeResult) -> None:
    log = RecentLog(EXPRESSIONS)
    crowd = [make_face(track_id=number) for number in range(11)]
    for number in range(700):
        log.add(*make_result(*crowd, number=number, taken_at=float(number)))
    assert len(lines(log)) == 600
    assert lines(log)[-1]["frame"] == 699


@pytest.mark.parametrize("kind", ["file", "missing", "folder", "pipe"])
def test_only_regular_files_are_sent(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log.jsonl"
    if kind == "file":
        path.write_text("{}\n")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        if not hasattr(os, "mkfifo"):
            pytest.skip("needs named pipes")
        os.mkfifo(path)
    assert written_file({"jsonl": path}, LogForm.JSONL) == (path if kind == "file" else None)
    assert written_file({"jsonl": path}, LogForm.CSV) is None
