"""Results of an audit, printed as tables."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from fer_edge.cli.messages import print_note
from fer_edge.dataset.data import Dataset
from fer_edge.terminal.consoles import stdout
from fer_edge.terminal.tables import make_table
from fer_edge.training.audit.by_votes import Answers, count_answers
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


def print_findings(audit: Audit, dataset: Dataset) -> None:
    """Print the table of labels in doubt, and how often the judges agree with the labels."""
    title = f"labels in doubt, training split of {dataset.name}"
    votes = audit.split.votes
    if audit.judgement.by_people and votes is not None:
        stdout().print(answers_table(audit, count_answers(audit.split, votes), title))
    else:
        stdout().print(doubts_table(audit, title))
        _print_agreement(audit)


def _print_agreement(audit: Audit) -> None:
    counts = audit.split.class_counts()
    agreement = float((audit.judgement.scores.argmax(axis=1) == audit.split.labels).mean())
    stdout().print(f"the judges agree with {agreement:.1%} of the labels")
    if agreement <= counts.max() / counts.sum():
        print_note(
            f"always answering {audit.split.classes[counts.argmax()]} would agree as often, so their ranking is "
            "meaningless: train them longer (--epochs)"
        )
