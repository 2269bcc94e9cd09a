"""A benchmark's report as files: report.html for people, report.md, report.json and report.csv."""

from __future__ import annotations

from pathlib import Path

from fer_edge.benchmark.report.markdown import as_markdown
from fer_edge.benchmark.report.page import as_html
from fer_edge.benchmark.report.spreadsheet import as_csv
from fer_edge.benchmark.report_json import Report
from fer_edge.files import write_atomic


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write the report in every format, report.json first, from which the others can be made again.

    Args:
        report: With at least one result.
        folder: Made if it is missing.

    Returns:
        What was written: report.json, report.html, report.md, report.csv.
    """
    first, *others = written = report_paths(folder)
    report.write(first)
    for path, text in zip(others, (as_html(report), as_markdown(report), as_csv(report)), strict=True):
        # A file's name may have bytes that are no UTF-8.
        write_atomic(path, text.encode("utf-8", "backslashreplace"))
    return written


def report_paths(folder: Path) -> list[Path]:
    """The files of a report in `folder`."""
    return [folder / f"report.{suffix}" for suffix in ("json", "html", "md", "csv")]
