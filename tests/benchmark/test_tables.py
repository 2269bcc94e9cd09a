from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from fer_edge.benchmark.accuracy import People, Quality
from fer_edge.benchmark.compare import FigureChange, ReportChanges, Unit
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.benchmark.setting import Board, Data, Method
from fer_edge.benchmark.tables import changes_table, summary_table
from fer_edge.benchmark.timing import summarize
from fer_edge.evaluation.metrics import evaluate_scores
from fer_edge.labels import EXPRESSIONS

LABELS = np.arange(70) % 7


def result(name: str, ms: float, calls: int = 100, **facts: Any) -> Result:
    scores = np.eye(7, dtype=np.float32)[LABELS]
    row = Result(
        name=name, file=name, sha256="", network="net", precision="int8", runtime="tflite-runtime 2.14.0", threads=1,
        role="file", bytes=22_606_313, parameters=None, macs=None, delegate=None, parts=1, load_ms=None, first_ms=None,
        peak_memory_bytes=None, model=summarize(np.full(calls, ms)), frame=summarize(np.full(calls, ms + 1)),
        quality=Quality(evaluate_scores(scores, LABELS).as_dict(), (0.9, 1.0), 0.985),
    )  # fmt: skip
    return replace(row, **facts)


def report(*results: Result, faults: tuple[str, ...] = (), data: Data | None = None) -> Report:
    return Report("", Method("quick", 100, 5, 0.5, 1.0, ""), data, Board({}, {}, {}, faults), results)


DATA = Data("faces.zip", "validation", 70, "", False)


def lines(table: Table, *, colour: bool = False) -> list[str]:
    console = Console(width=100, force_terminal=colour, color_system="standard" if colour else None)
    with console.capture() as capture:
        console.print(table)
    return [line.strip() for line in capture.get().splitlines()]


def row_of(name: str, text: list[str]) -> list[str]:
    return re.split(r"\s{2,}", next(line for line in text if line.startswith(name)))


def test_summary_fits_100_columns() -> None:
    name = "documented_int16x8.tflite"
    text = lines(summary_table(report(result("full", 99.456), result(name, 1.5), data=DATA)))
    assert row_of(name, text) == [
        name, "tflite-runtime", "22.61", "1.500", "1.500", "2.500", "66.3", "100.00%", "98.5%"
    ]  # fmt: skip
    assert any("times faster: than full" in line for line in text)
    assert not any("…" in line for line in text)


def test_peoples_answer_comes_first_and_one_person_last() -> None:
    answer = {"samples": 60, "accuracy": 0.8642, "mean_recall": 0.757}
    people = People({**answer, "kl_divergence": 0.3, "calibration_error_by_votes": 0.02}, (0.8, 0.9), ())
    base = result("documented_int16x8.tflite", 1.5)
    assert base.quality is not None
    person = {"accuracy": 0.8036, "recall": dict.fromkeys(EXPRESSIONS, 0.7)}
    rows = (replace(base, quality=replace(base.quality, people=people)), result("unscored", 1.0, quality=None))
    text = lines(summary_table(report(*rows, data=replace(DATA, one_person=person))))
    assert row_of(base.name, text)[2:5] == ["86.42%", "0.757", "22.61"]
    assert row_of("unscored", text)[2] == "22.61"
    assert row_of("one person", text)[1:] == ["80.36%", "0.700"]
    assert max(map(len, text)) <= 100
    assert not any("…" in line for line in text)


def test_long_name_keeps_its_end() -> None:
    text = "".join(line.split("  ")[0] for line in lines(summary_table(report(result("x" * 60 + "_int8", 1.0)))))
    assert text.replace(" ", "").count("x") == 120, "in the row and beneath"


def test_no_labelled_faces_give_no_columns_of_quality() -> None:
    text = lines(summary_table(report(result("a", 1.0, quality=None))))
    assert not any("accu" in line or "agree" in line for line in text)


def test_percentile_of_too_few_calls_is_a_dash() -> None:
    assert row_of("a", lines(summary_table(report(result("a", 1.0, calls=50)))))[4] == "\N{EN DASH}"


def test_invalid_run_is_marked_and_red() -> None:
    text = "\n".join(lines(summary_table(report(result("a", 1.0), faults=("hot",))), colour=True))
    assert "(invalid run)" in text
    assert "\x1b[31m1.000" in text
    assert "\x1b[31m" not in "\n".join(lines(summary_table(report(result("a", 1.0))), colour=True))


@pytest.mark.parametrize("name", ["[red]a[/]", "a[/b]"])
def test_names_are_not_markup(name: str) -> None:
    assert any(line.startswith(name) for line in lines(summary_table(report(result(name, 1.0)))))
    row = FigureChange(name, "file", Unit.BYTES, 1.0, 2.0, 1.0, 0.0)
    assert any(line.startswith(name) for line in lines(changes_table(ReportChanges((row,), ()))))


def test_changes_have_units() -> None:
    rows = (
        FigureChange("a_int8", "model, p50", Unit.TIMES, 0.1, 0.12, 0.2, 0.05),
        FigureChange("b_int8", "peak memory", Unit.BYTES, 50e6, 49e6, -0.02, 0.01),
        FigureChange("c_int8", "accuracy", Unit.SHARE, 0.5, 0.45, 0.1, 0.02),
        FigureChange("d_int8", "accuracy", Unit.SHARE, 0.5, 0.5, 0.0, 0.0),
    )
    text = lines(changes_table(ReportChanges(rows, ())))
    assert row_of("a_int8", text)[2:] == ["0.1000 x", "0.1200 x", "+20.0%", "5.0%", "worse"]
    assert row_of("b_int8", text)[2:] == ["50,000,000 B", "49,000,000 B", "-2.0%", "1.0%", "better"]
    assert row_of("c_int8", text)[2:] == ["50.00%", "45.00%", "-10.0%", "2.0%", "worse"]
    assert not any(line.startswith("d_int8") for line in text)
