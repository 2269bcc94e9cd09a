"""Metrics and confusion of one model as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from fer_edge.evaluation.metrics import Evaluation
from fer_edge.labels import EXPRESSIONS
from fer_edge.number_format import NONE
from fer_edge.terminal.tables import make_table


def evaluation_table(evaluation: Evaluation, title: str) -> Table:
    """Return precision, recall, F1 and support of each class, and their means over the classes that have images."""
    table = make_table(title, [class_word(evaluation.classes)], ["precision", "recall", "F1", "support"])
    for i, name in enumerate(evaluation.classes):
        values = (evaluation.precision[i], evaluation.recall[i], evaluation.f1[i])
        shown = (f"{value:.3f}" if evaluation.support[i] else NONE for value in values)
        table.add_row(name, *shown, f"{evaluation.support[i]:,}")
    table.add_section()
    means = (evaluation.mean_precision, evaluation.mean_recall, evaluation.macro_f1)
    table.add_row("mean of classes", *(f"{value:.3f}" for value in means), f"{evaluation.samples:,}")
    table.add_section()
    table.add_row("accuracy by label", f"{evaluation.accuracy:.2%}")
    table.add_row("calibration error", f"{evaluation.calibration_error:.4f}")
    table.add_row("log loss", f"{evaluation.log_loss:.4f}")
    return table


def confusion_table(evaluation: Evaluation) -> Table:
    """Return the confusion matrix in counts: rows by label, columns predicted."""
    table = make_table("confusion: rows by label, columns predicted", [""], evaluation.classes)
    for i, name in enumerate(evaluation.classes):
        counts = [Text(str(n), style="bold" if i == j else "") for j, n in enumerate(evaluation.confusion[i])]
        table.add_row(name, *counts)
    return table


def class_word(classes: Sequence[str]) -> str:
    """Return the word for one of the classes: `expression` where all are of the seven."""
    return "expression" if set(classes) <= set(EXPRESSIONS) else "class"
