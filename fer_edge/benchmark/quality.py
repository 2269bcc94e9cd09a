"""Quality of scores on labelled faces: by the labels, by people's votes, and without copies of training images."""

from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fer_edge.arrays import BoolArray
from fer_edge.benchmark.accuracy import People, Quality, WithoutCopies
from fer_edge.benchmark.setting import NO_MAJORITY
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Split
from fer_edge.dataset.groups import Groups, compare_split
from fer_edge.dataset.peoples_answer import evaluate_by_votes, people_by_prior, reliability_by_votes, without_copies
from fer_edge.dataset.votes import NO_TRUTH, Votes
from fer_edge.evaluation.metrics import accuracy_interval, agreement, evaluate_scores
from fer_edge.labels import EXPRESSIONS
from fer_edge.scores import FloatArray

_CHARACTERS = string.digits + string.ascii_letters + "".join(map(chr, range(0xC0, 0x100)))


def judge(
    scores: FloatArray,
    labels: npt.NDArray[np.int64],
    parent: FloatArray | None = None,
    classes: tuple[str, ...] = EXPRESSIONS,
) -> Quality:
    """Measure scores (N, classes) against labels (N,) and, for an exported file, its full model's scores."""
    evaluation = evaluate_scores(scores, labels, classes)
    return Quality(
        evaluation=evaluation.as_dict(),
        interval=accuracy_interval(int(evaluation.confusion.trace()), evaluation.samples),
        agreement=None if parent is None else agreement(scores, parent),
        predicted=as_digits(scores.argmax(axis=1)),
    )


def judge_faces(
    scores: FloatArray,
    faces: Split,
    copied: BoolArray,
    card: ModelCard | None,
    parent: FloatArray | None = None,
    groups: Groups | None = None,
) -> Quality:
    """Measure scores against the faces' labels and people's votes, with and without copies of training images.

    Args:
        scores: float32 (N, classes), of the faces.
        faces: N labelled images, with votes or without.
        copied: bool (N,), True where the training split has an exact copy.
        card: The model's card, which may state the prior that its scores assume; `None` if it has none.
        parent: The full model's scores (N, classes), for an exported file.
        groups: Groups of the faces to compare.
    """
    return replace(
        judge(scores, faces.labels, parent, faces.classes),
        people=None if faces.votes is None else _judge_by_people(scores, faces, faces.votes, card),
        without_copies=_judge_without_copies(scores, faces, copied),
        groups=None if groups is None else compare_split(scores.argmax(axis=1), faces, groups, faces.classes),
    )


def _judge_by_people(scores: FloatArray, faces: Split, votes: Votes, card: ModelCard | None) -> People | None:
    answer = evaluate_by_votes(scores, votes)
    if answer is None:
        return None
    bins = reliability_by_votes(scores, votes)
    by_prior = {} if card is None else people_by_prior(scores, faces, card)
    return People(
        answer=answer.as_dict(),
        interval=accuracy_interval(int(answer.majority.confusion.trace()), answer.majority.samples),
        reliability=tuple((each.confidence, each.outcome, each.images) for each in bins),
        by_prior={name: each.headline() for name, each in by_prior.items()},
    )


def _judge_without_copies(scores: FloatArray, faces: Split, copied: BoolArray) -> WithoutCopies | None:
    found = without_copies(scores, faces, copied)
    if found is None:
        return None
    evaluation, answer = found
    return WithoutCopies(evaluation.as_dict(), None if answer is None else answer.as_dict())


def as_digits(classes: npt.NDArray[np.int64]) -> str:
    """Return classes (N,) or `NO_TRUTH` as the report stores them, a character each: 0-9, a-z, A-Z, then others."""
    return "".join(NO_MAJORITY if each == NO_TRUTH else _CHARACTERS[each] for each in classes.tolist())
