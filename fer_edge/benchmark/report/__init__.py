"""A report as files: report.json, report.html, report.md and report.csv."""

from __future__ import annotations

from pathlib import Path

from fer_edge.benchmark.report.markdown import as_markdown
from fer_edge.benchmark.report.page import as_html
from fer_edge.benchmark.report.spreadsheet import as_csv
from fer_edge.benchmark.report_json import Report
from fer_edge.files import write_atomic


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write the report in every format.

    Args:
        report: Report with at least one result.
        folder: Output folder; created if missing.

    Returns:
        The files written: report.json, report.html, report.md, report.csv.
    """
    first, *others = written = report_paths(folder)
    report.write(first)
    for path, text in zip(others, (as_html(report), as_markdown(report), as_csv(report)), strict=True):
        # A file's name may contain bytes that are not UTF-8.
        write_atomic(path, text.encode("utf-8", "backslashreplace"))
    return written


def report_paths(folder: Path) -> list[Path]:
    """Return the paths of a report's files in `folder`, report.json first."""
    return [folder / f"report.{suffix}" for suffix in ("json", "html", "md", "csv")]
