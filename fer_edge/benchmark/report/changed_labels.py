"""The labels that exported files change, counted and image by image."""

from __future__ import annotations

from fer_edge.benchmark.report.float_parent import changes_from, float_parent, in_words
from fer_edge.benchmark.report.table import Cell, Column, Table, text_column
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import ChangedLabel
from fer_edge.number_format import NONE, share, signed


def label_changes_table(report: Report) -> Table:
    """Count each file's changed labels, compared with its float parent."""
    rows = []
    for result in report.results:
        parent = float_parent(report, result)
        changes = None if parent is None else changes_from(report, result, parent)
        if parent is None or changes is None:
            continue
        points = f"{signed(changes.points, 2)} ± {changes.margin:.2f}"
        counts = (f"{count:,}" for count in (changes.changed, changes.gained, changes.lost))
        rows.append([result.name, in_words(report, parent), *counts, share(changes.changed / changes.images), points])
    names = ("labels changed", "became right", "became wrong", "share changed", "accuracy, points")
    notes = ["The points are given with half their 95% interval; a smaller change may be chance."]
    if any(each.full_quality is not None for each in report.results):
        notes.append("The full model's scores are re-weighted for the file's prior where that is another one.")
    return Table(
        "Changed labels",
        [text_column("file"), text_column("compared with"), *map(Column, names)],
        rows,
        notes,
    )


def changed_images_table(report: Report) -> Table:
    """Show each image whose label changed: its true expression, and what the full model and the files say."""
    names = ("image", "picture", "true", "full model", "files with another label")
    return Table(
        "Images whose label changed, the full model's highest scores first",
        [text_column(name) for name in names],
        [_row(report, changed) for changed in report.moved],
        ("The percentages are scores. ✓ marks the true expression.",),
    )


def _row(report: Report, changed: ChangedLabel) -> list[Cell | str]:
    names_by_answer: dict[str, list[str]] = {}
    for name, answer in changed.files.items():
        names_by_answer.setdefault(_answer(answer, changed.label), []).append(name)
    others = "\n".join(f"{answer}: {', '.join(names)}" for answer, names in names_by_answer.items())
    full = _answer(changed.full, changed.label)
    if len({result.parent for result in report.results if result.parent}) > 1:
        full += f": {_parent(report, changed)}"
    return [f"{changed.index}", Cell("", picture=changed.png), changed.label, full, others]


def _parent(report: Report, changed: ChangedLabel) -> str:
    return next((each.parent for each in report.results if each.name in changed.files and each.parent), NONE)


def _answer(answer: tuple[str, float], label: str) -> str:
    expression, score = answer
    return f"{expression} {share(score, 0)}{' ✓' if expression == label else ''}"
