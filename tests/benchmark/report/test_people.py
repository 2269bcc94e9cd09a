"""People's answer in every part of a report, and nothing of it without votes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from fer_edge.benchmark.report.headline import headline
from fer_edge.benchmark.report.markdown import as_markdown
from fer_edge.benchmark.report.measurements import summary_table
from fer_edge.benchmark.report.page import as_html
from fer_edge.benchmark.report.people import copies_table, people_tables
from fer_edge.benchmark.report.reliability import reliability_chart
from fer_edge.benchmark.report.sections import sections
from fer_edge.benchmark.report.spreadsheet import as_csv
from fer_edge.benchmark.report.table import Cell, Table
from fer_edge.benchmark.report.trade_off import trade_off_charts
from fer_edge.benchmark.report_json import Report
from fer_edge.labels import EXPRESSIONS
from fer_edge.markup import render

DASH = "\N{EN DASH}"


def texts(table: Table) -> list[list[str]]:
    return [[cell.text if isinstance(cell, Cell) else cell for cell in row] for row in table.rows]


def test_peoples_answer_comes_first(voted_report: Report) -> None:
    first = headline(voted_report)[0]
    assert first.startswith("net/model.keras gives people's answer most often: on ")
    assert "of the 400 images on which most people agree" in first
    assert voted_report.data is not None
    assert voted_report.data.one_person is not None
    assert first.endswith(f"one person gives it on {voted_report.data.one_person['accuracy']:.1%}.")
    table = summary_table(voted_report)
    assert [(column.group, column.name) for column in table.columns[3:5]] == [
        ("people's answer", "accuracy"),
        ("people's answer", "mean recall"),
    ]
    quality = voted_report.results[0].quality
    assert quality is not None
    assert quality.people is not None
    assert texts(table)[0][3] == f"{quality.people.accuracy:.2%}"
    assert texts(table)[4][3:5] == [DASH, DASH], "the file that was not scored"
    assert texts(table)[-1][0] == "one person"
    assert trade_off_charts(voted_report)[0].caption == "Up is more often people's answer, left is faster"
    assert "one person" in render(trade_off_charts(voted_report)[0].drawing)
    assert next(iter(csv.reader(io.StringIO(as_csv(voted_report)))))[1] == "people_images"


def test_expressions_have_recall_and_precision_and_one_persons_recall(voted_report: Report) -> None:
    agreement, recall, precision = people_tables(voted_report)
    assert [row[0] for row in texts(recall)][-2:] == ["one person", "images"]
    assert "one person" not in [row[0] for row in texts(precision)]
    assert len(texts(precision)) == 5
    assert [column.group for column in agreement.columns[6:]] == ["prior: photos"] * 2 + ["prior: balanced"] * 2
    assert texts(agreement)[0][6] == texts(agreement)[0][1], "the card's prior is that of the photographs"
    assert voted_report.data is not None
    assert voted_report.data.one_person is not None
    assert texts(recall)[-2][1:] == [f"{voted_report.data.one_person['recall'][name]:.1%}" for name in EXPRESSIONS]


def test_both_accuracies_are_shown_without_copies(voted_report: Report) -> None:
    table = copies_table(voted_report)
    assert [column.group for column in table.columns[1::2]] == [
        "people's answer", "mean recall", "label's accuracy", "macro-F1"
    ]  # fmt: skip
    quality = voted_report.results[0].quality
    assert quality is not None
    assert quality.without_copies is not None
    assert quality.without_copies.people is not None
    assert texts(table)[0][2] == f"{quality.without_copies.people['accuracy']:.2%}"
    assert texts(table)[0][6] == f"{quality.without_copies.evaluation['accuracy']:.2%}"
    assert texts(table)[-1][-4:] == [DASH] * 4
    assert table.notes == ("134 of the 400 images have an exact copy in the training split.",)
    row = next(csv.DictReader(io.StringIO(as_csv(voted_report))))
    assert float(row["people_accuracy_without_copies"]) == quality.without_copies.people["accuracy"]


def test_copies_table_without_votes_has_the_label_only(report: Report, voted_report: Report) -> None:
    pairs = zip(report.results, voted_report.results, strict=True)
    label_only = replace(
        voted_report,
        results=tuple(
            replace(voted, quality=voted.quality and replace(voted.quality, people=None)) for _, voted in pairs
        ),
    )
    groups = [column.group for column in copies_table(label_only).columns[1::2]]
    assert groups == ["label's accuracy", "macro-F1"]


def test_reliability_chart_has_a_panel_per_file_and_a_disc_per_bin(voted_report: Report) -> None:
    chart = reliability_chart(voted_report.each_file)
    assert chart is not None
    drawn = render(chart.drawing)
    discs = [each.quality.people.reliability for each in voted_report.each_file if each.quality and each.quality.people]
    assert drawn.count("<circle") == sum(map(len, discs))
    assert drawn.count("error 0.") == len(discs) == 4
    assert "net_int8.tflite 0." in chart.description


@pytest.mark.parametrize("write", [as_markdown, as_html, as_csv])
def test_report_without_votes_does_not_mention_people(report: Report, write: object) -> None:
    assert callable(write)
    text = write(report).partition("application/json")[0]
    for word in ("people", "one person", "copies of training", "mean recall"):
        assert word not in text


def test_markdown_tables_with_votes_have_equal_columns(voted_report: Report) -> None:
    for block in as_markdown(voted_report).split("\n\n"):
        if block.startswith("|"):
            assert len({line.replace("\\|", "").count("|") for line in block.splitlines()}) == 1


def test_links_have_sections(voted_report: Report) -> None:
    assert {section.title for section in sections(voted_report)} >= {"People's answer", "Copies in training"}
    html = as_html(voted_report)
    assert 'href="#peoples-answer"' in html
    assert 'id="peoples-answer"' in html
