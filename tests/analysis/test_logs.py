from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fer_edge.analysis.logs import log_labels, read_log
from fer_edge.analysis.parts import PartFacts
from fer_edge.analysis.rows import FaceRow
from fer_edge.errors import InputError

LABELS = ("no", "yes")


def face(number: int = 1, **changed: Any) -> dict[str, Any]:
    scores = {"no": 0.25, "yes": 0.75}
    box = [10.5, 20.0, 40.0, 60.0]
    return {"id": number, "box": box, "confidence": 0.9, "label": "yes", "score": 0.75, "scores": scores, **changed}


def line(frame: int, time: float, *faces: dict[str, Any], **known: Any) -> str:
    return json.dumps({"frame": frame, "time": time, **known, "faces": list(faces), "timings_ms": {}})


def read(
    path: Path, *lines: str, every_s: float = 0.0, labels: tuple[str, ...] = LABELS
) -> tuple[list[FaceRow], PartFacts]:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows: list[FaceRow] = []
    facts = read_log(path, labels, every_s, rows.append)
    return rows, facts


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run.jsonl"


@pytest.mark.parametrize(
    ("known", "seconds"),
    [({"position_s": 7.5}, 7.5), ({"elapsed_s": 3.25}, 3.25), ({}, 0.0)],
    ids=["recording", "camera", "older"],
)
def test_line_gives_its_faces(log: Path, known: dict[str, float], seconds: float) -> None:
    rows, facts = read(log, line(5, 1e9, face(4), **known))
    assert rows == [FaceRow("", 5, seconds, 4, 10.5, 20.0, 29.5, 40.0, 0.9, (0.25, 0.75), "yes")]
    assert (facts.intervals.frames, facts.reason) == (1, None)


def test_picture_has_its_name_and_no_track(log: Path) -> None:
    ((row,), _) = read(log, line(0, 1e9, face(), file="a.jpg"))
    assert (row.file, row.seconds, row.track) == ("a.jpg", None, None)


def test_appended_runs_go_on_in_time_and_numbers(log: Path) -> None:
    first = [line(0, 1000.0, face(1), elapsed_s=0.0), line(9, 1001.0, face(2), elapsed_s=1.0)]
    second = [line(0, 1060.0, face(1), elapsed_s=0.0), line(3, 1062.0, face(1), elapsed_s=2.0)]
    rows, _ = read(log, *first, *second)
    assert [(row.seconds, row.track) for row in rows] == [(0.0, 1), (1.0, 2), (60.0, 3), (62.0, 3)]


@pytest.mark.parametrize("damage", ['{"frame": 1, "time": 1e9, "fac', "", "[]", '{"frame": 1}', "\0\0", "[" * 5000])
def test_damaged_line_is_reported_and_the_others_are_read(log: Path, damage: str) -> None:
    rows, facts = read(log, line(0, 1e9, face()), damage, line(2, 1e9 + 1, face()))
    assert [row.frame for row in rows] == [0, 2]
    assert facts.reason == "1 of its lines are not of a run's log, the first of them line 2"


@pytest.mark.parametrize(
    "changed",
    [
        *({"time": value} for value in (float("nan"), 1e308, 10**400)),
        *({"elapsed_s": value} for value in (float("inf"), 10**400)),
        *({"time": "nan"}, {"time": [0]}, {"elapsed_s": {}}, {"elapsed_s": "a"}),
        *({"frame": value} for value in (2**63, 10**400, float("inf"))),
        {"position_s": [[]]},
        {"file": "\ud800"},
    ],
)
def test_line_with_an_impossible_number_is_reported(log: Path, changed: dict[str, Any]) -> None:
    other = json.dumps({**json.loads(line(1, 1e9, face())), **changed})
    rows, facts = read(log, line(0, 1e9, face()), other)
    assert [row.frame for row in rows] == [0]
    assert facts.reason == "1 of its lines are not of a run's log, the first of them line 2"


@pytest.mark.parametrize(
    "changed",
    [
        {"id": 2**63},
        {"box": [0, 0, 10**400, 1]},
        {"confidence": "nan"},
        {"label": "nan"},
        {"scores": {"no": float("inf"), "yes": 0}},
    ],
)
def test_face_with_an_impossible_value_is_reported(log: Path, changed: dict[str, Any]) -> None:
    rows, facts = read(log, line(0, 1e9, face()), line(1, 1e9, face(**changed)))
    assert [row.frame for row in rows] == [0]
    assert facts.reason == "1 of its lines are not of a run's log, the first of them line 2"


def test_file_without_any_line_of_a_log_is_refused(log: Path) -> None:
    with pytest.raises(InputError, match="expected a log as `fer-edge run` writes it"):
        read(log, '{"a": 1}')


def test_other_labels_are_refused(log: Path) -> None:
    with pytest.raises(InputError, match="expected scores of no, maybe, as of the other files, got no, yes"):
        read(log, line(0, 1e9, face()), labels=("no", "maybe"))


def test_lines_are_sampled(log: Path) -> None:
    lines = [line(number, 1e9, face(), position_s=number / 10) for number in range(20)]
    rows, facts = read(log, *lines, every_s=0.5)
    assert [row.frame for row in rows] == [0, 5, 10, 15]
    assert facts.intervals.frames == 20


def test_labels_of_a_log_are_those_of_its_first_face(log: Path) -> None:
    read(log, line(0, 1e9), "damaged", line(1, 1e9, face()))
    assert log_labels(log) == LABELS
    log.write_text(line(0, 1e9))
    assert log_labels(log) is None
