"""People's votes, and results against them, as tables for the terminal. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from rich.table import Table

from fer_edge.cards.meaning import named_prior
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import (
    OnePerson,
    PeoplesAnswer,
    evaluate_by_votes,
    measure_one_person,
    people_by_prior,
    without_copies,
)
from fer_edge.dataset.votes import NO_TRUTH, Votes
from fer_edge.evaluation.tables import class_word
from fer_edge.labels import EXPRESSIONS
from fer_edge.number_format import decimal, share
from fer_edge.scores import FloatArray
from fer_edge.terminal.tables import make_table

_PLURAL = {"expression": "expressions", "class": "classes"}


def votes_table(split: Split, votes: Votes, title: str) -> Table:
    """Count the images of each label that have votes, no majority, none of the classes, and a majority against it."""
    columns = (
        votes.voters > 0,
        (votes.voters > 0) & (votes.majority == NO_TRUTH) & ~votes.other_than_classes,
        votes.no_face,
        votes.other_than_classes & ~votes.no_face,
        (votes.majority != NO_TRUTH) & (votes.majority != split.labels),
    )
    other = f"other than the {'seven' if votes.classes == EXPRESSIONS else 'classes'}"
    names = ["images", "with votes", "no majority", "no face", other, "label contradicted"]
    table = make_table(title, ["label"], names)
    for label, name in enumerate(split.classes):
        rows = split.labels == label
        table.add_row(name, f"{rows.sum():,}", *(f"{(column & rows).sum():,}" for column in columns))
    table.add_section()
    table.add_row("all", f"{len(split):,}", *(f"{column.sum():,}" for column in columns))
    return table


def people_tables(scores: FloatArray, split: Split, card: ModelCard, title: str) -> Iterator[Table]:
    """Yield tables of results against people's votes, and of those under other priors; none without votes.

    Args:
        scores: float32 (N, classes), of the split's images.
        split: Images with votes, or without.
        card: The card of the model that gave the scores.
        title: Title of the first table; the prior of the scores is added to it.
    """
    answer = evaluate_by_votes(scores, split.votes) if split.votes is not None else None
    if answer is None or split.votes is None:
        return
    prior = named_prior(card)
    yield people_table(answer, measure_one_person(split.votes), title if prior is None else f"{title}, prior {prior}")
    if by_prior := people_by_prior(scores, split, card):
        yield prior_table(by_prior)


def describe_without_copies(scores: FloatArray, split: Split, copied: npt.NDArray[np.bool_]) -> str | None:
    """Return a line with both answers on the images that have no exact copy in the training split; None if all are so.

    Args:
        scores: float32 (N, classes), of the split's images.
        split: Images with votes, or without.
        copied: bool (N,), whether each has a copy.
    """
    found = without_copies(scores, split, copied)
    if found is None:
        return None
    evaluation, answer = found
    line = (
        f"without the {copied.sum():,} images that training has an exact copy of: "
        f"label {evaluation.accuracy:.2%} (macro-F1 {evaluation.macro_f1:.3f})"
    )
    if answer is None:
        return line
    return f"{line}, people's answer {answer.majority.accuracy:.2%} (mean recall {answer.mean_recall:.3f})"


def prior_table(by_prior: Mapping[str, PeoplesAnswer]) -> Table:
    """Return accuracy and mean recall of people's answer under each prior, by its name."""
    table = make_table("people's answer under other priors", ["prior"], ["accuracy of the majority", "mean recall"])
    for name, answer in by_prior.items():
        table.add_row(name, f"{answer.majority.accuracy:.2%}", f"{answer.mean_recall:.3f}")
    return table


def people_table(answer: PeoplesAnswer, person: OnePerson | None, title: str) -> Table:
    """Return precision and recall of each class against the majority's answer, with one person's recall."""
    result, word = answer.majority, class_word(answer.majority.classes)
    table = make_table(title, [word], ["precision", "recall", "one person's recall", "images"])
    for i, name in enumerate(result.classes):
        known = (result.precision[i], result.recall[i]) if result.support[i] else (None, None)
        ours = None if person is None else person.recall.get(name)
        table.add_row(name, *(decimal(value, 3) for value in (*known, ours)), f"{result.support[i]:,}")
    table.add_section()
    means = (result.mean_precision, answer.mean_recall, None if person is None else person.mean_recall)
    table.add_row(f"mean of {_PLURAL[word]}", *(decimal(value, 3) for value in means), f"{result.samples:,}")
    table.add_section()
    table.add_row("accuracy", "", share(result.accuracy), share(None if person is None else person.accuracy))
    table.add_row("KL of the votes, nats", "", f"{answer.kl_divergence:.4f}")
    table.add_row("calibration error by votes", "", f"{answer.calibration_error:.4f}")
    return table
