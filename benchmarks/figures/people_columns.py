"""Columns of people's answer in the documents' tables, and one person's row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.figures.measured import fraction, percent
from fer_edge.benchmark.accuracy import People
from fer_edge.benchmark.report.people import ONE_PERSON, mean_recall_of
from fer_edge.prior import BALANCED, PHOTOS

NONE = "-"
"""Text of a figure that was not measured."""

_PRIORS = {PHOTOS: "photos' prior", BALANCED: "balanced prior"}


def people_header(measured: Sequence[People | None]) -> list[str]:
    """Return the headings of the columns; none if no network was measured by votes."""
    if not any(measured):
        return []
    priors = [f"{words}: answer / mean recall" for words in _shown_priors(measured).values()]
    return ["people's answer", "mean recall", *priors, "calibration error by votes"]


def people_cells(people: People | None, measured: Sequence[People | None]) -> list[str]:
    """Return the cells under `people_header` of a network, one of those `measured`."""
    columns = people_header(measured)
    if people is None:
        return [NONE] * len(columns)
    priors = [_under_prior(people, name) for name in _shown_priors(measured)]
    plain = (percent(people.accuracy), fraction(people.mean_recall))
    return [*plain, *priors, fraction(people.calibration_error)]


def one_person_row(person: Mapping[str, Any] | None, before: int, columns: int) -> list[list[str]]:
    """Return one person's row; none without votes.

    Args:
        person: As `OnePerson.as_dict` gives it.
        before: Number of columns before those of people's answer, including the name.
        columns: Number of all columns.
    """
    if person is None:
        return []
    row = [ONE_PERSON, *[NONE] * (columns - 1)]
    row[before : before + 2] = percent(person["accuracy"]), fraction(mean_recall_of(person))
    return [row]


def _under_prior(people: People, name: str) -> str:
    figures = people.by_prior.get(name)
    return NONE if figures is None else f"{percent(figures['accuracy'])} / {fraction(figures['mean_recall'])}"


def _shown_priors(measured: Sequence[People | None]) -> dict[str, str]:
    found = {name for people in measured if people is not None for name in people.by_prior}
    return {name: words for name, words in _PRIORS.items() if name in found}
