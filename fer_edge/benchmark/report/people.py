"""Agreement of each file with people's votes, compared with one person, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer_edge.benchmark.accuracy import People, Quality
from fer_edge.benchmark.report.table import Cell, Column, Table, text_column
from fer_edge.benchmark.report_json import Report
from fer_edge.number_format import NONE, decimal, share
from fer_edge.prior import BALANCED, PHOTOS

ONE_PERSON = "one person"
"""Name of one person's row in a table of files."""

_GROUP = "people's answer"
_IN_SUMMARY = ("accuracy", "mean recall")
_PRIORS = (PHOTOS, BALANCED)
"""Priors that the tables show, if they were measured."""


def summary_columns(report: Report) -> list[Column]:
    """Return the columns of people's answer in the summary; none without votes."""
    return [Column(name, _GROUP) for name in _IN_SUMMARY] if report.has_people else []


def summary_cells(report: Report, quality: Quality | None) -> list[str]:
    """Return a file's cells under `summary_columns`."""
    if not report.has_people:
        return []
    people = None if quality is None else quality.people
    if people is None:
        return [NONE] * len(_IN_SUMMARY)
    return [share(people.accuracy), decimal(people.mean_recall, 3)]


def one_person_rows(report: Report, columns: Sequence[Column]) -> list[list[str]]:
    """Return one person's row in a table whose first column names the row; none without votes."""
    person = None if report.data is None else report.data.one_person
    if person is None:
        return []
    known = {"accuracy": share(person["accuracy"]), "mean recall": decimal(mean_recall_of(person), 3)}
    cells = [known.get(column.name, NONE) if column.group == _GROUP else NONE for column in columns[1:]]
    return [[ONE_PERSON, *cells]]


def people_notes(report: Report) -> list[str]:
    """Return a note that defines people's answer and gives its number of images; none without votes."""
    if not report.has_people or report.data is None:
        return []
    return [
        f"People's answer: how often a file gives the expression that most people see, on the "
        f"{report.data.majorities:,} images with such a majority; one person is compared with the others."
    ]


def people_tables(report: Report) -> list[Table]:
    """Return agreement with people's votes, then recall and precision of each expression; empty without votes."""
    measured = [(each.name, each.quality.people) for each in report.results if each.quality and each.quality.people]
    if not measured:
        return []
    return [
        _agreement(report, measured),
        _per_class(report, measured, "recall"),
        _per_class(report, measured, "precision"),
    ]


def _agreement(report: Report, measured: Sequence[tuple[str, People]]) -> Table:
    columns = [text_column("file"), *(Column(name, _GROUP) for name in ("accuracy", "95% interval", "mean recall"))]
    columns += [Column("KL"), Column("calibration error")]
    priors = [name for name in _PRIORS if any(name in people.by_prior for _, people in measured)]
    columns += [Column(figure, f"prior: {name}") for name in priors for figure in _IN_SUMMARY]
    rows = [
        [
            name,
            share(people.accuracy),
            f"{100 * people.interval[0]:.1f}{NONE}{100 * people.interval[1]:.1f}",
            decimal(people.mean_recall, 3),
            decimal(people.kl_divergence, 3),
            decimal(people.calibration_error, 3),
            *(cell for name in priors for cell in _under_prior(people, name)),
        ]
        for name, people in measured
    ]
    notes = [*people_notes(report), "KL and the calibration error include all images with votes."]
    if priors:
        notes.append("Prior: accuracy with the scores re-weighted for faces that show the expressions this often.")
    return Table("Agreement with people's votes", columns, [*rows, *one_person_rows(report, columns)], notes)


def _under_prior(people: People, prior: str) -> list[str]:
    figures = people.by_prior.get(prior)
    return [NONE, NONE] if figures is None else [share(figures["accuracy"]), decimal(figures["mean_recall"], 3)]


def _per_class(report: Report, measured: Sequence[tuple[str, People]], measure: str) -> Table:
    rows = [[name, *_tinted(people.known_per_class(measure))] for name, people in measured]
    person = None if report.data is None else report.data.one_person
    if person is not None and measure == "recall":
        rows.append([ONE_PERSON, *_tinted([person["recall"].get(name) for name in report.classes])])
    rows.append(["images", *(f"{support:,}" for support in measured[0][1].support)])
    caption = f"{measure.capitalize()} of each expression by people's answer"
    return Table(caption, [text_column("file"), *(Column(name) for name in report.classes)], rows)


def _tinted(values: Sequence[float | None]) -> list[Cell | str]:
    return [Cell(share(value, 1), tint=value) for value in values]


def copies_table(report: Report) -> Table:
    """Return results with and without images that have an exact copy in the training split; no rows if none has."""
    names = ["people's answer", "mean recall"] * report.has_people + ["label's accuracy", "macro-F1"]
    columns = [Column(part, name) for name in names for part in ("all", "without")]
    rows = [
        [result.name, *_with_and_without(result.quality, by_people=report.has_people)]
        for result in report.results
        if result.quality is not None and result.quality.without_copies is not None
    ]
    data = report.data
    if rows and data is not None and data.one_person and data.one_person_without_copies:
        people = (data.one_person, data.one_person_without_copies)
        cells = [*(share(each["accuracy"]) for each in people), *(decimal(mean_recall_of(each), 3) for each in people)]
        rows.append([ONE_PERSON, *cells, *[NONE] * 4])
    copies, images = (data.copies, data.images) if data is not None else (0, 0)
    return Table(
        "With and without copies of training images",
        [text_column("file"), *columns],
        rows,
        (f"{copies:,} of the {images:,} images have an exact copy in the training split.",),
    )


def mean_recall_of(person: Mapping[str, Any]) -> float:
    """Return one person's mean recall of the classes, 0..1."""
    return float(sum(person["recall"].values()) / len(person["recall"]))


def _with_and_without(quality: Quality, *, by_people: bool) -> list[str]:
    without = quality.without_copies
    if without is None:
        return []
    cells: list[str] = []
    if by_people:
        pair = [quality.people.answer if quality.people else None, without.people]
        cells += [share(None if each is None else each["accuracy"]) for each in pair]
        cells += [decimal(None if each is None else each["mean_recall"], 3) for each in pair]
    labels = (quality.evaluation, without.evaluation)
    return [*cells, *(share(each["accuracy"]) for each in labels), *(decimal(each["macro_f1"], 3) for each in labels)]
