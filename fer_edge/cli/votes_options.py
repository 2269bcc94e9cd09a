"""Labelled faces with people's votes on the command line: the options, and what is shown of the votes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from rich.table import Table

from fer_edge.cli.consoles import stderr, stdout
from fer_edge.cli.options import load_data, report_data
from fer_edge.cli.prior_options import named_prior
from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.dataset.loading import SYNTHETIC
from fer_edge.dataset.official_split import JoinedDataset, join_fer2013_votes, restore_official_split
from fer_edge.dataset.peoples_answer import (
    OnePerson,
    PeoplesAnswer,
    evaluate_by_votes,
    measure_one_person,
    people_by_prior,
    without_copies,
)
from fer_edge.dataset.votes import NO_TRUTH, Votes
from fer_edge.dataset.votes_csv import join_votes, read_votes_csv
from fer_edge.labels import EXPRESSIONS
from fer_edge.metrics import FloatArray
from fer_edge.model_card import ModelCard
from fer_edge.tables import make_table

votes_option = click.option(
    "--votes",
    "votes_file",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="People's votes on the images: a column image and one of counts for each expression.  "
    "[default: FER+'s, on images of FER2013]",
)
official_split_option = click.option(
    "--official-split",
    is_flag=True,
    help="Divide a copy of FER2013 as FER2013 is: train from Training, validation from PublicTest.",
)


def read_voted_data(
    data: str | None, votes_file: Path | None, *, official_split: bool = False, yes: bool = False, strict: bool = False
) -> Dataset:
    """Read labelled faces as `read_data` does, join people's votes, and show on stderr what was found.

    Images of FER2013 get FER+'s votes, whatever their files are called; `votes_file` replaces them.
    """
    table = read_votes_csv(votes_file) if votes_file else None
    dataset = load_data(data, yes=yes)
    with stderr.status("looking for people's votes"):
        is_synthetic = dataset.source == SYNTHETIC and not official_split
        joined = JoinedDataset(dataset, {}) if is_synthetic else join_fer2013_votes(dataset)
    if official_split:
        joined = restore_official_split(joined)
    dataset = joined.dataset
    report_data(dataset, strict=strict)
    _note_division(joined.misplaced)
    if table:
        dataset, summary = join_votes(dataset, table)
        stderr.print(f"note: {summary}")
    elif joined.found:
        images = sum(map(len, dataset.splits.values()))
        stderr.print(f"note: {joined.found:,} of {images:,} images are FER2013's, and have FER+'s votes")
    return dataset


def note_other_training(cards: Mapping[str, ModelCard], data_sha256: str, *, official_split: bool) -> None:
    """Print a note on stderr if models were trained on another data set or division than they are measured on.

    Args:
        cards: The models' cards by their names.
        data_sha256: Of the data set that they are measured on.
        official_split: Whether it is divided as FER2013 is.
    """
    others = [name for name, card in cards.items() if card.training.get("data_sha256") not in (None, data_sha256)]
    if others:
        had, change = ("had no", "leave it out") if official_split else ("had", "give it")
        stderr.print(
            f"note: {', '.join(others)}: trained on other images than these, or on another division of them; if "
            f"training {had} --official-split, {change} here, too, as results on images that a model has learned say "
            "little",
            markup=False,
            soft_wrap=True,
        )


def show_votes(dataset: Dataset) -> None:
    """Print on stderr what people say of the training split's labels, if anybody was asked."""
    votes = dataset.train.votes
    if votes is not None and votes.voters.any():
        stderr.print(_votes_table(dataset.train, votes, f"people's votes on the training split of {dataset.name}"))


def _votes_table(split: Split, votes: Votes, title: str) -> Table:
    """Count the images of each label that have votes, no majority, no expression, and a majority against the label."""
    columns = (
        votes.voters > 0,
        (votes.voters > 0) & (votes.majority == NO_TRUTH) & ~votes.other_than_expression,
        votes.no_face,
        votes.other_than_expression & ~votes.no_face,
        (votes.majority != NO_TRUTH) & (votes.majority != split.labels),
    )
    names = ["images", "with votes", "no majority", "no face", "other than the seven", "label contradicted"]
    table = make_table(title, ["label"], names)
    for label, name in enumerate(EXPRESSIONS):
        rows = split.labels == label
        table.add_row(name, f"{rows.sum():,}", *(f"{(column & rows).sum():,}" for column in columns))
    table.add_section()
    table.add_row("all", f"{len(split):,}", *(f"{column.sum():,}" for column in columns))
    return table


def show_peoples_answer(scores: FloatArray, split: Split, card: ModelCard, title: str) -> None:
    """Print results against people's votes, if there are any, and what they are under other priors.

    Args:
        scores: float32 (N, 7), of the split's images.
        split: Images with votes, or without.
        card: The card of the model that gave the scores.
        title: Of the first table, in which the prior of the scores is named.
    """
    answer = evaluate_by_votes(scores, split.votes) if split.votes is not None else None
    if answer is None or split.votes is None:
        return
    prior = named_prior(card)
    title = title if prior is None else f"{title}, prior {prior}"
    stdout.print(people_table(answer, measure_one_person(split.votes), title))
    by_prior = people_by_prior(scores, split, card)
    if by_prior:
        stdout.print(prior_table(by_prior))


def show_without_copies(scores: FloatArray, split: Split, copied: npt.NDArray[np.bool_]) -> None:
    """Print both answers on the images that have no exact copy in the training split, if some have one.

    Args:
        scores: float32 (N, 7), of the split's images.
        split: Images with votes, or without.
        copied: bool (N,), whether each has a copy.
    """
    found = without_copies(scores, split, copied)
    if found is None:
        return
    evaluation, answer = found
    line = (
        f"without the {copied.sum():,} images that training has an exact copy of: "
        f"label {evaluation.accuracy:.2%} (macro-F1 {evaluation.macro_f1:.3f})"
    )
    if answer is not None:
        line += f", people's answer {answer.majority.accuracy:.2%} (mean recall {answer.mean_recall:.3f})"
    stdout.print(line, soft_wrap=True)


def prior_table(by_prior: Mapping[str, PeoplesAnswer]) -> Table:
    """Accuracy and mean recall of people's answer under each prior, by its name."""
    table = make_table("people's answer under other priors", ["prior"], ["accuracy of the majority", "mean recall"])
    for name, answer in by_prior.items():
        table.add_row(name, f"{answer.majority.accuracy:.2%}", f"{answer.mean_recall:.3f}")
    return table


def people_table(answer: PeoplesAnswer, person: OnePerson, title: str) -> Table:
    """Precision and recall of each expression against the majority's answer, one person's recall beside them."""
    result = answer.majority
    table = make_table(title, ["expression"], ["precision", "recall", "one person's recall", "images"])
    for i, name in enumerate(EXPRESSIONS):
        values = (result.precision[i], result.recall[i], person.recall[i])
        table.add_row(name, *(f"{value:.3f}" for value in values), f"{result.support[i]:,}")
    table.add_section()
    means = (result.precision.mean(), answer.mean_recall, np.mean(person.recall))
    table.add_row("mean of expressions", *(f"{value:.3f}" for value in means), f"{result.samples:,}")
    table.add_section()
    table.add_row("accuracy", "", f"{result.accuracy:.2%}", f"{person.accuracy:.2%}")
    table.add_row("KL of the votes, nats", "", f"{answer.kl_divergence:.4f}")
    table.add_row("calibration error by votes", "", f"{answer.calibration_error:.4f}")
    return table


def _note_division(misplaced: dict[SplitName, int]) -> None:
    if any(misplaced.values()):
        counts = ", ".join(f"{count:,} of the {name.value} split" for name, count in misplaced.items() if count)
        stderr.print(f"note: {counts} belong to another part of FER2013; --official-split restores its own division")
