from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.report_json import SCHEMA_VERSION, Report
from fer_edge.benchmark.results import Result
from fer_edge.benchmark.setting import Board, Data, Method
from fer_edge.benchmark.timing import summarize
from fer_edge.errors import InputError

TIMING = summarize(np.full(5, 1.0))


def stored(tmp_path: Path, *, quality: bool) -> dict[str, Any]:
    """Facts that report.json holds, with labelled images or without."""
    result = Result(
        name="net", file="net", sha256="a", network="net", precision="int8", runtime="LiteRT 2", threads=1, role="file",
        bytes=1, parameters=None, macs=None, delegate=None, parts=None, load_ms=None, first_ms=None,
        peak_memory_bytes=None, model=TIMING, frame=TIMING,
        quality=Quality({"accuracy": 0.5}, (0.4, 0.6), None, "01") if quality else None,
    )  # fmt: skip
    data = Data("faces.zip", "validation", 2, "b", False, "00") if quality else None
    report = Report("", Method("quick", 5, 5, 0.5, 1.0, ""), data, Board({}, {}, {}, ()), (result,))
    report.write(tmp_path / "report.json")
    facts: dict[str, Any] = json.loads((tmp_path / "report.json").read_text())
    return facts


def without_version_4(facts: dict[str, Any]) -> dict[str, Any]:
    for name in ("majority", "copied", "one_person", "one_person_without_copies"):
        (facts["data"] or {}).pop(name, None)
    for row in facts["results"]:
        for name in ("people", "without_copies"):
            (row["quality"] or {}).pop(name, None)
    return {**without_version_5(facts), "schema_version": 3}


def without_version_5(facts: dict[str, Any]) -> dict[str, Any]:
    for row in facts["results"]:
        for name in ("groups", "stress"):
            (row["quality"] or {}).pop(name, None)
    return {**without_version_6(facts), "schema_version": 4}


def without_version_6(facts: dict[str, Any]) -> dict[str, Any]:
    for row in facts["results"]:
        row.pop("full_quality", None)
    return {**facts, "schema_version": 5}


@pytest.mark.parametrize("quality", [True, False])
@pytest.mark.parametrize("made_older", [without_version_4, without_version_5, without_version_6])
def test_earlier_versions_are_read(
    tmp_path: Path, made_older: Callable[[dict[str, Any]], dict[str, Any]], quality: bool
) -> None:
    facts = made_older(stored(tmp_path, quality=quality))
    now = Report.read(tmp_path / "report.json")
    (tmp_path / "old.json").write_text(json.dumps(facts))
    assert Report.read(tmp_path / "old.json") == now


@pytest.mark.parametrize("version", [2, SCHEMA_VERSION + 1, None])
def test_other_versions_are_rejected(tmp_path: Path, version: int | None) -> None:
    (tmp_path / "other.json").write_text(json.dumps({**stored(tmp_path, quality=True), "schema_version": version}))
    with pytest.raises(InputError, match="of another version of the report; measure again"):
        Report.read(tmp_path / "other.json")


def test_current_version_needs_all_fields(tmp_path: Path) -> None:
    facts = without_version_4(stored(tmp_path, quality=True))
    (tmp_path / "damaged.json").write_text(json.dumps({**facts, "schema_version": SCHEMA_VERSION}))
    with pytest.raises(InputError, match="expected a report"):
        Report.read(tmp_path / "damaged.json")
