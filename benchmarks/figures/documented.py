"""The documented network's files and its training step, as docs/networks.md shows them."""

from __future__ import annotations

from benchmarks.figures.measured import DOCUMENTED, fraction, one_person, percent, quality_of
from benchmarks.figures.pages import markdown_table
from benchmarks.figures.people_columns import one_person_row, people_cells, people_header
from fer_edge.benchmark.report_json import Report


def files_section(report: Report) -> str:
    """Return the documented network and its files, each in its preferred engine; "" without the full model."""
    full = next((result for result in report.results if (result.role, result.network) == ("full", DOCUMENTED)), None)
    if full is None:
        return ""
    chosen = [result for result in report.each_file if result is full or report.parent_of(result) is full]
    people = [quality_of(result).people for result in chosen]
    header = ["file", "runtime", *people_header(people), "bytes", "p50 ms", "p90 ms", "times faster"]
    header += ["label: accuracy" if any(people) else "accuracy", "macro-F1", "agreement"]
    rows = []
    for result in chosen:
        quality, p90 = quality_of(result), result.model.p90
        rows.append(
            [
                f"`{result.file}`",
                result.runtime,
                *people_cells(quality.people, people),
                f"{result.bytes:,}",
                f"{result.model.p50:.3f}",
                "-" if p90 is None else f"{p90:.3f}",
                f"{full.model.p50 / result.model.p50:.1f}",
                percent(quality.accuracy),
                fraction(quality.macro_f1, 4),
                percent(1.0 if quality.agreement is None else quality.agreement),
            ]
        )
    rows += one_person_row(one_person(report), before=2, columns=len(header))
    return markdown_table(header, rows, left=2)


def training_section(seconds: dict[str, float]) -> str:
    """Return a sentence on seconds per training step: plain Keras first, then float32 and bfloat16 here."""
    plain, float32, bfloat16 = seconds.values()
    return (
        f"A training step of 128 images takes {plain:.3f} s in plain Keras over a folder, {float32:.3f} s here in "
        f"float32 and {bfloat16:.3f} s in bfloat16,\nwhich is the default where the processor has it."
    )
