"""The report as CSV, one row a file, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from typing import Any

from fer_edge.benchmark.results import Quality, Report, Result, Timing
from fer_edge.labels import EXPRESSIONS

_TIMINGS = ("model", "frame")
_PERCENTILES = ("p50", "p90", "p95", "p99")


def as_csv(report: Report) -> str:
    """Numbers in full; what was not measured is empty."""
    text = io.StringIO()
    rows = [_row(report, result) for result in report.results]
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(report: Report, result: Result) -> dict[str, Any]:
    plain = [field.name for field in fields(Result) if field.name not in (*_TIMINGS, "quality")]
    row = {name: getattr(result, name) for name in plain}
    for name in _TIMINGS:
        row |= _timing(name, getattr(result, name))
    row["times_faster"] = report.times_faster(result)
    row |= _quality(result.quality)
    return row | {"times_valid": not report.board.faults, "created": report.created}


def _timing(name: str, timing: Timing) -> dict[str, float | int | None]:
    row: dict[str, float | int | None] = {f"{name}_{p}_ms": getattr(timing, p) for p in _PERCENTILES}
    return row | {f"{name}_spread": timing.spread, f"{name}_calls": timing.calls}


def _quality(quality: Quality | None) -> dict[str, float | int | None]:
    names = ("images", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "calibration_error", "agreement")
    recalls = [f"recall_{name}" for name in EXPRESSIONS]
    if quality is None:
        return dict.fromkeys([*names, *recalls])
    low, high = quality.interval
    values = (
        int(quality.evaluation["samples"]),
        quality.accuracy,
        low,
        high,
        quality.macro_f1,
        quality.calibration_error,
        quality.agreement,
        *quality.recall,
    )
    return dict(zip([*names, *recalls], values, strict=True))
