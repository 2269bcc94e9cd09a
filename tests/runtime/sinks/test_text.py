from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.log_files import LogPolicy
from fer_edge.runtime.sinks.text import CsvSink, JsonlSink
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def test_jsonl_writes_an_object_per_frame_at_once(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "log.jsonl"
    sink = JsonlSink(str(path), EXPRESSIONS)
    sink.write(*make_result())
    sink.write(*make_result(make_face("sad", 0.7), number=3))
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    sink.close()
    assert first["faces"] == []
    assert list(second) == ["frame", "time", "elapsed_s", "faces", "timings_ms"]
    assert second["elapsed_s"] >= 0
    assert (second["frame"], second["time"]) == (3, 1_700_000_000.25)
    (face,) = second["faces"]
    assert list(face) == ["id", "box", "confidence", "label", "score", "scores"]
    assert face["id"] == 1
    assert face["box"] == [10, 20, 60, 80]
    assert (face["label"], face["score"], face["confidence"]) == ("sad", 0.7, 0.91)
    assert list(face["scores"]) == list(EXPRESSIONS)
    assert sum(face["scores"].values()) == pytest.approx(1, abs=1e-3)
    timings_ms = {"read": 1.0, "detect": 10.0, "track": 0.3, "crop": 0.1, "classify": 0.5, "total": 10.6}
    assert second["timings_ms"] == timings_ms


def test_csv_rejects_a_label_that_is_another_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no class can be called score"):
        CsvSink(str(tmp_path / "log.csv"), ("smile", "score"))
    assert not list(tmp_path.iterdir())


def test_jsonl_contains_events(make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    frame, result = make_result()
    events = (Event(EventKind.APPEARED, 1, 5.0, "sad"), Event(EventKind.CHANGED, 1, 6.0, "happy", "sad"))
    sink = JsonlSink(str(path), EXPRESSIONS)
    sink.write(frame, replace(result, events=events))
    sink.close()
    assert json.loads(path.read_text())["events"] == [
        {"event": "face_appeared", "id": 1, "label": "sad"},
        {"event": "expression_changed", "id": 1, "label": "happy", "previous": "sad"},
    ]


def test_jsonl_contains_position_and_file_name(make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    frame, result = make_result()
    sink = JsonlSink(str(path), EXPRESSIONS)
    sink.write(replace(frame, position_s=1.23456, name="naïve.png"), result)
    sink.close()
    line = path.read_text(encoding="utf-8")
    assert '"position_s": 1.235, "file": "naïve.png"' in line


def test_standard_output_stays_open(make_result: MakeResult, capsys: pytest.CaptureFixture[str]) -> None:
    sink = JsonlSink("-", EXPRESSIONS)
    sink.write(*make_result())
    sink.close()
    print("still here")
    line, after = capsys.readouterr().out.splitlines()
    assert json.loads(line)["frame"] == 0
    assert after == "still here"


def test_csv_writes_a_row_per_face(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    sink = CsvSink(str(path), EXPRESSIONS)
    sink.write(*make_result())
    sink.write(*make_result(make_face("happy"), make_face("angry", box=(1, 2, 3, 4), track_id=7), number=5))
    sink.close()
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["frame"], row["id"], row["label"]) for row in rows] == [("5", "1", "happy"), ("5", "7", "angry")]
    assert rows[0]["time"] == "2023-11-14T22:13:20.250+00:00"
    assert rows[1]["x1"] == "1.0"
    assert float(rows[0]["happy"]) == pytest.approx(0.88)


def test_csv_contains_position_and_file_name(make_face: MakeFace, make_result: MakeResult, tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    sink = CsvSink(str(path), EXPRESSIONS)
    for known in ({"position_s": 0.0}, {"position_s": 8400.12345}, {"name": "naïve.png"}, {}):
        sink.write(*make_result(make_face(), **known))
    sink.close()
    with path.open(newline="", encoding="utf-8") as file:
        rows = [(row["position_s"], row["file"]) for row in csv.DictReader(file)]
    assert rows == [("0.0", ""), ("8400.123", ""), ("", "naïve.png"), ("", "")]


def test_rotated_csv_files_have_headers_and_all_rows(
    make_face: MakeFace, make_result: MakeResult, tmp_path: Path
) -> None:
    path = tmp_path / "faces.csv"
    sink = CsvSink(str(path), EXPRESSIONS, LogPolicy(rotate_bytes=600))
    for number in range(20):
        sink.write(*make_result(make_face(), make_face(track_id=2), number=number))
    sink.close()
    files = sorted(tmp_path.iterdir())
    assert len(files) > 3
    rows = []
    for file in files:
        with file.open(newline="") as lines:
            rows += [(int(row["frame"]), row["id"]) for row in csv.DictReader(lines)]
    assert sorted(rows) == [(number, track_id) for number in range(20) for track_id in "12"]
