"""The report as CSV, one row a file, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from typing import Any

from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result, Timing

_TIMINGS = ("model", "frame")
_QUALITIES = ("quality", "full_quality")
_Row = dict[str, float | int | None]

_PERCENTILES = ("p50", "p90", "p95", "p99")


def as_csv(report: Report) -> str:
    """Return report.csv with unrounded numbers; cells of what was not measured are empty."""
    text = io.StringIO()
    rows = [_row(report, result) for result in report.results]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(report: Report, result: Result) -> dict[str, Any]:
    plain = [field.name for field in fields(Result) if field.name not in (*_TIMINGS, *_QUALITIES)]
    row = {"name": result.name} | (_people(report, result.quality) if report.has_people else {})
    row |= {name: getattr(result, name) for name in plain}
    for name in _TIMINGS:
        row |= _timing(name, getattr(result, name))
    row["times_faster"] = report.times_faster(result)
    row |= _quality(report, result.quality) | _without_copies(report, result.quality)
    return row | {"times_valid": not report.board.faults, "created": report.created}


def _people(report: Report, quality: Quality | None) -> _Row:
    """Return people's answer; empty for a file that was not scored."""
    names = ("images", "accuracy", "accuracy_low", "accuracy_high", "mean_recall", "kl_divergence", "calibration_error")
    measures = [f"{measure}_{name}" for measure in ("precision", "recall") for name in report.classes]
    columns = [f"people_{name}" for name in (*names, *measures)]
    person = {
        "one_person_accuracy": report.data.one_person["accuracy"] if report.data and report.data.one_person else None
    }
    people = None if quality is None else quality.people
    if people is None:
        return {**dict.fromkeys(columns), **person}
    plain = (people.images, people.accuracy, *people.interval, people.mean_recall)
    values = (*plain, people.kl_divergence, people.calibration_error)
    per_class = (*people.known_per_class("precision"), *people.known_per_class("recall"))
    return {**dict(zip(columns, (*values, *per_class), strict=True)), **person}


def _without_copies(report: Report, quality: Quality | None) -> _Row:
    """Return figures without images that have a copy in the training split; no columns if no file has them."""
    if not any(each.quality is not None and each.quality.without_copies is not None for each in report.results):
        return {}
    found = None if quality is None else quality.without_copies
    evaluation = {} if found is None else found.evaluation
    people = {} if found is None or found.people is None else found.people
    row: _Row = {f"{name}_without_copies": evaluation.get(name) for name in ("accuracy", "macro_f1")}
    if report.has_people:
        row |= {f"people_{name}_without_copies": people.get(name) for name in ("accuracy", "mean_recall")}
    return row


def _timing(name: str, timing: Timing) -> _Row:
    row: _Row = {f"{name}_{p}_ms": getattr(timing, p) for p in _PERCENTILES}
    return row | {f"{name}_spread": timing.spread, f"{name}_calls": timing.calls}


def _quality(report: Report, quality: Quality | None) -> _Row:
    names = ("images", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "calibration_error", "agreement")
    recalls = [f"recall_{name}" for name in report.classes]
    if quality is None:
        return dict.fromkeys([*names, *recalls])
    low, high = quality.interval
    values = (
        quality.images,
        quality.accuracy,
        low,
        high,
        quality.macro_f1,
        quality.calibration_error,
        quality.agreement,
        *quality.known_per_class("recall"),
    )
    return dict(zip([*names, *recalls], values, strict=True))
