"""Results of an audit as tables for the terminal."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from fer_edge.terminal.tables import make_table
from fer_edge.training.audit.by_votes import Answers
from fer_edge.training.audit.suspects import Audit


def doubts_table(audit: Audit, title: str) -> Table:
    """Return a table of the images of each label that are in doubt."""
    table = make_table(title, ["label"], ["images", "in doubt", "share"])
    images, suspects = audit.split.class_counts(), audit.counts()
    for name, total, count in zip(audit.split.classes, images, suspects, strict=True):
        table.add_row(name, f"{total:,}", f"{count:,}", f"{count / total:.1%}")
    table.add_section()
    table.add_row("all", f"{images.sum():,}", f"{suspects.sum():,}", f"{suspects.sum() / images.sum():.1%}")
    return table


def answers_table(audit: Audit, answers: Answers, title: str) -> Table:
    """Return a table of each label's images by people's answer; an answer that agrees with the label is bold."""
    rare = {"no majority": answers.none, "no votes": answers.unasked}
    shown = {"none of these": answers.other, **{name: counts for name, counts in rare.items() if counts.any()}}
    table = make_table(f"{title}, by people's answer", ["label"], ["in doubt", *audit.split.classes, *shown])
    suspects = audit.counts()
    for label, name in enumerate(audit.split.classes):
        counts = enumerate(answers.majority[label])
        row = [Text(f"{count:,}", style="bold" if answer == label else "") for answer, count in counts]
        table.add_row(name, f"{suspects[label]:,}", *row, *(f"{column[label]:,}" for column in shown.values()))
    table.add_section()
    totals = [*answers.majority.sum(axis=0), *(column.sum() for column in shown.values())]
    table.add_row("all", f"{suspects.sum():,}", *(f"{total:,}" for total in totals))
    return table
