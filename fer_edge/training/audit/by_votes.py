"""Audit of training labels by people's votes. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.arrays import IntArray
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.votes import ANOTHER_CLASS, NO_FACE, NO_TRUTH, Votes
from fer_edge.errors import DataError
from fer_edge.training.audit.suspects import Audit, Judgement, Reason, Suspect, rank_suspects

_OTHER_REASONS = {
    "contempt": Reason.CONTEMPT,
    "unknown": Reason.UNKNOWN,
    NO_FACE: Reason.NO_FACE,
    ANOTHER_CLASS: Reason.ANOTHER_CLASS,
}


@dataclass(frozen=True)
class Contradiction:
    """Images of one label to which most people give the same other answer.

    Attributes:
        label: Index into the votes' classes.
        answer: Index into the votes' choices.
        suspects: Images, the clearest first.
    """

    label: int
    answer: int
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True)
class Answers:
    """Numbers of images of each label by people's answer.

    Attributes:
        majority: Images by label and by the majority's answer, int64 (classes, classes).
        other: Images to which more people give an answer that is no class than any class, int64 (classes,).
        none: Images with votes, but without such an answer, int64 (classes,).
        unasked: Images without votes, int64 (classes,).
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
    """Rank the labels that the majority contradicts, and images that most people call none of the classes.

    They are ranked by margin: the label's share of all votes less the largest share of another answer.

    Args:
        split: Training images.
        votes: People's votes on them.
        copies: Group of each image, int64 (N,), as `copy_groups` returns it.
    """
    voters = votes.voters
    scores = np.asarray(votes.counts / np.maximum(voters, 1)[:, np.newaxis], np.float32)
    other = np.where(votes.other_than_classes, votes.counts.argmax(axis=1), NO_TRUTH)
    doubts = {_OTHER_REASONS[choice]: other == votes.choices.index(choice) for choice in votes.others}
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
    classes = len(votes.classes)
    majority = np.zeros((classes, classes), np.int64)
    agreed = votes.majority != NO_TRUTH
    np.add.at(majority, (split.labels[agreed], votes.majority[agreed]), 1)
    asked, other = votes.voters > 0, votes.other_than_classes

    def by_label(images: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> IntArray:
        return np.bincount(split.labels[images], minlength=classes)

    return Answers(majority, by_label(other), by_label(asked & ~agreed & ~other), by_label(~asked))
