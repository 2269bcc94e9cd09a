"""The images that quantization moved to another expression."""

from __future__ import annotations

from fer_edge.benchmark.report.figures import NONE, share
from fer_edge.benchmark.report.table import Cell, Table, text_column
from fer_edge.benchmark.results import Moved, Report


def moved_table(report: Report) -> Table:
    """Each with its picture, its true expression, and what the full model and the files say."""
    names = ("image", "picture", "true", "full model", "files that say otherwise")
    return Table(
        "Images whose label changed, those first of which the full model was surest",
        [text_column(name) for name in names],
        [_row(report, moved) for moved in report.moved],
        ("The numbers are scores, the surest being 100%. ✓ marks the true expression.",),
    )


def _row(report: Report, moved: Moved) -> list[Cell | str]:
    names_by_answer: dict[str, list[str]] = {}
    for name, answer in moved.files.items():
        names_by_answer.setdefault(_answer(answer, moved.label), []).append(name)
    others = "\n".join(f"{answer}: {', '.join(names)}" for answer, names in names_by_answer.items())
    full = _answer(moved.full, moved.label)
    if len({result.parent for result in report.results if result.parent}) > 1:
        full += f": {_parent(report, moved)}"
    return [f"{moved.index}", Cell("", picture=moved.png), moved.label, full, others]


def _parent(report: Report, moved: Moved) -> str:
    return next((result.parent for result in report.results if result.name in moved.files and result.parent), NONE)


def _answer(answer: tuple[str, float], label: str) -> str:
    expression, score = answer
    return f"{expression} {share(score, 0)}{' ✓' if expression == label else ''}"
