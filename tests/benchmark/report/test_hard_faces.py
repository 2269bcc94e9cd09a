from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.benchmark.report.hard_faces import group_tables, stress_chart, stress_table
from fer_edge.benchmark.report.markdown import as_markdown
from fer_edge.benchmark.report.page import as_html
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.evaluation.groups import compare_groups, make_rate
from fer_edge.evaluation.stress import StressAxis, StressResult, StressStep
from fer_edge.labels import EXPRESSIONS

NAMES = ("darker", "brighter", "blurred", "smaller", "turned", "eyes covered", "<b>covered</b>")


@pytest.fixture(scope="module")
def hard_report(report: Report) -> Report:
    """The report with groups and stress of every scored file."""
    return replace(report, results=tuple(_hard(each, number) for number, each in enumerate(report.results)))


def _hard(result: Result, number: int) -> Result:
    if result.quality is None:
        return result
    random = np.random.default_rng(number)
    truth, group_of = random.integers(0, 7, 300), random.integers(0, 2, 300)
    predicted = np.where(random.random(300) < np.where(group_of == 0, 0.9, 0.6), truth, 0)
    groups = compare_groups(
        predicted, truth, group_of, groups=("<i>young", "old"), classes=EXPRESSIONS, judged_by="label"
    )
    steps = tuple(StressStep(f"x{k}", make_rate(90 - 9 * k - number, 100), 0.5) for k in range(5))
    stress = StressResult("label", steps[0], tuple(StressAxis(name, "", steps[1:]) for name in NAMES))
    return replace(result, quality=replace(result.quality, groups=groups, stress=stress))


def test_report_keeps_groups_and_stress(hard_report: Report, tmp_path: Path) -> None:
    hard_report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == hard_report


def test_groups_have_intervals_and_the_gap_is_judged(hard_report: Report) -> None:
    overall, recall, *_ = group_tables(hard_report)
    assert [row[0] for row in overall.rows] == ["<i>young", "old"]
    assert " to " in str(overall.rows[0][3])
    assert "more than chance explains" in overall.notes[0]
    assert [column.name for column in recall.columns[1:]] == list(EXPRESSIONS)


def test_stress_has_a_row_a_step_and_a_line_a_file(hard_report: Report) -> None:
    table, chart = stress_table(hard_report), stress_chart(hard_report)
    assert table is not None
    assert chart is not None
    assert len(table.rows) == 1 + 4 * len(NAMES)
    lines = list(chart.drawing.iter("polyline"))
    assert len(lines) == len(NAMES) * sum(each.quality is not None for each in hard_report.each_file)


def test_pages_show_both_and_escape_names(hard_report: Report, report: Report) -> None:
    page = as_html(hard_report)
    assert "Hard faces</h2>" in page
    assert "Groups</h2>" in page
    assert "<i>young" not in page.split('<script type="application/json"')[0]
    assert "## Hard faces" in as_markdown(hard_report)
    assert "Hard faces" not in as_html(report)
