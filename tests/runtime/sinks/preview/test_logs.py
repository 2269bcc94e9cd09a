from __future__ import annotations

import csv
import gzip
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.logs import LogForm, RecentLog, written_file
from fer_edge.runtime.sources.source import Frame
from tests.runtime.sinks.preview.visitor import fetch, preview, read, read_json

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]
WaitUntil = Callable[..., None]


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


@pytest.mark.parametrize(("form", "kind"), [("jsonl", "application/x-ndjson"), ("csv", "text/csv")])
def test_log_in_memory_is_sent_where_no_file_is_written(
    make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil, form: str, kind: str
) -> None:
    with preview(links=StreamLinks(camera="Küche / 2")) as sink:
        sink.write(*make_result(make_face("happy"), number=3))
        wait_until(lambda: "happy" in read(f"{sink.url}api/log.{form}"))
        with fetch(f"{sink.url}api/log.{form}") as response:
            assert response.headers["X-Log"] == read_json(f"{sink.url}api/state")["log"][form] == "memory"
            assert response.headers.get_content_type() == kind
            assert response.headers["Content-Disposition"] == f'attachment; filename="K-che-2.{form}"'


def test_written_log_is_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    content = b'{"frame": 0}\n' * 50_000
    path.write_bytes(content)
    (tmp_path / "log.jsonl.gz").write_bytes(gzip.compress(b"something else\n"))
    with preview(links=StreamLinks(logs={"jsonl": path})) as sink:
        with fetch(f"{sink.url}api/log.jsonl", Accept_Encoding="gzip") as response:
            assert response.headers["X-Log"] == "file"
            assert response.read() == content
        assert read_json(f"{sink.url}api/state")["log"] == {"jsonl": "file", "csv": "memory"}
        path.unlink()
        with fetch(f"{sink.url}api/log.jsonl") as response:
            assert (response.headers["X-Log"], response.read()) == ("memory", b"")
