"""Audit of training labels by people's votes. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.votes import CHOICES, NO_TRUTH, Votes
from fer_edge.errors import DataError
from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.training.audit.suspects import Audit, IntArray, Judgement, Reason, Suspect, rank_suspects

_OTHER_REASONS = {"contempt": Reason.CONTEMPT, "unknown": Reason.UNKNOWN, "no face": Reason.NO_FACE}


@dataclass(frozen=True)
class Contradiction:
    """Images of one label to which most people give the same other answer.

    Attributes:
        label: Index into `EXPRESSIONS`.
        answer: Index into `CHOICES`.
        suspects: Images, the clearest first.
    """

    label: int
    answer: int
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True)
class Answers:
    """Numbers of images of each label by people's answer.

    Attributes:
        majority: Images by label and by the majority's answer, int64 (7, 7).
        other: Images that more people call contempt, unknown or no face than any expression, int64 (7,).
        none: Images with votes, but without such an answer, int64 (7,).
        unasked: Images without votes, int64 (7,).
    """

    majority: IntArray
    other: IntArray
    none: IntArray
    unasked: IntArray


def require_votes(dataset: Dataset) -> Votes:
    """Return people's votes on the training images.

    Raises:
        DataError: If there are none.
    """
    votes = dataset.train.votes
    if votes is None or not votes.voters.any():
        raise DataError(
            f"{dataset.source}: expected people's votes on its training images, got none; give a copy of FER2013 or a "
            "file of your own raters' votes, or audit the labels by networks"
        )
    return votes


def find_contradicted(split: Split, votes: Votes, copies: IntArray) -> Audit:
    """Rank the labels that the majority contradicts, and images that most people call none of the seven expressions.

    They are ranked by margin: the label's share of all votes less the largest share of another answer.

    Args:
        split: Training images.
        votes: People's votes on them.
        copies: Group of each image, int64 (N,), as `copy_groups` returns it.
    """
    voters = votes.voters
    scores = np.asarray(votes.counts / np.maximum(voters, 1)[:, np.newaxis], np.float32)
    other = np.where(votes.other_than_expression, votes.counts.argmax(axis=1), NO_TRUTH)
    doubts = {reason: other == CHOICES.index(choice) for choice, reason in _OTHER_REASONS.items()}
    doubts[Reason.CONTRADICTED] = (votes.majority != NO_TRUTH) & (votes.majority != split.labels)
    dissent = voters - votes.counts[np.arange(len(split)), split.labels]
    return rank_suspects(split, Judgement(scores, voters, dissent, doubts, by_people=True), copies)


def commonest_contradictions(audit: Audit, most: int) -> list[Contradiction]:
    """Return the pairs of a label and people's answer with the most suspects; copies of a picture count once.

    Args:
        audit: Result of `find_contradicted`.
        most: Maximum number of pairs.
    """
    by_pair: dict[tuple[int, int], dict[int, Suspect]] = {}
    for suspect in audit.suspects:
        if set(suspect.reasons) & {Reason.CONTRADICTED, *_OTHER_REASONS.values()}:
            pictures = by_pair.setdefault((suspect.label, suspect.predicted), {})
            pictures.setdefault(int(audit.copies[suspect.index]), suspect)
    commonest = sorted(by_pair.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:most]
    return [Contradiction(label, answer, tuple(pictures.values())) for (label, answer), pictures in commonest]


def count_answers(split: Split, votes: Votes) -> Answers:
    """Count the images of each label by people's answer."""
    majority = np.zeros((NUM_EXPRESSIONS, NUM_EXPRESSIONS), np.int64)
    agreed = votes.majority != NO_TRUTH
    np.add.at(majority, (split.labels[agreed], votes.majority[agreed]), 1)
    asked, other = votes.voters > 0, votes.other_than_expression

    def by_label(images: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> IntArray:
        return np.bincount(split.labels[images], minlength=NUM_EXPRESSIONS)

    return Answers(majority, by_label(other), by_label(asked & ~agreed & ~other), by_label(~asked))
