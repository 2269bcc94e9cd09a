"""All four files; Markdown and CSV."""

from __future__ import annotations

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.benchmark.report import write_report
from fer_edge.benchmark.report.markdown import as_markdown
from fer_edge.benchmark.report_json import Report


def test_four_files_are_written_and_json_reads_back(report: Report, tmp_path: Path) -> None:
    paths = write_report(report, tmp_path / "new" / "folder")
    assert sorted(path.name for path in paths) == ["report.csv", "report.html", "report.json", "report.md"]
    assert sorted(paths) == sorted((tmp_path / "new" / "folder").iterdir())
    assert Report.read(tmp_path / "new" / "folder" / "report.json") == report


def test_minimal_report_is_written(report: Report, tmp_path: Path) -> None:
    only = replace(report.results[4], parameters=None, delegate=None, parts=None, load_ms=None, peak_memory_bytes=None)
    small = replace(report, results=(only,), data=None, threads=(), moved=(), emulated=None)
    write_report(small, tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert f"{only.name} in LiteRT 2.3.0 takes" in text
    assert "Accuracy was not measured" in text
    assert "Confusion" not in text


def test_name_that_is_not_utf_8_is_written(report: Report, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.tflite")
    write_report(replace(report, results=(replace(report.results[0], name=name), *report.results[1:])), tmp_path)
    assert "caf\\udce9.tflite" in (tmp_path / "report.md").read_text(encoding="utf-8")


def test_pi_json_of_another_version_is_left_out(report: Report) -> None:
    text = as_markdown(replace(report, emulated={"schema_version": 99}))
    assert "is of another version; run make pi again" in text


def test_markdown_tables_survive_any_name(report: Report) -> None:
    text = as_markdown(report)
    assert "<script" not in text.replace("\\<script", "")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) > 10
    for lines in tables:
        columns = {line.replace("\\|", "").count("|") for line in lines}
        assert len(columns) == 1, lines[0]


def test_markdown_has_the_headline(report: Report) -> None:
    text = as_markdown(report)
    assert text.startswith("# fer-edge benchmark\n\n> **The times of this run are not valid:**")
    assert "- net_int8.tflite in LiteRT 2.3.0 is the fastest of 5" in text
    assert "times faster than the full model" in text
    assert "counts, not times" in text


@pytest.mark.parametrize("faults", [(), ("the clock fell",)])
def test_csv_has_a_row_per_file(report: Report, tmp_path: Path, faults: tuple[str, ...]) -> None:
    first, *others = report.results
    first = replace(first, full_quality=first.quality)
    write_report(replace(report, board=replace(report.board, faults=faults), results=(first, *others)), tmp_path)
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [result.name for result in report.results]
    assert not any(cell.startswith("{") or "Quality(" in cell for row in rows for cell in row.values())
    for row, result in zip(rows, report.results, strict=True):
        assert float(row["model_p50_ms"]) == result.model.p50
        assert row["model_p99_ms"] == ""
        assert row["times_valid"] == str(not faults)
        assert row["accuracy"] == ("" if result.quality is None else str(result.quality.accuracy))
