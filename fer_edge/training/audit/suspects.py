"""Search for training images whose labels are probably wrong. No TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from fer_edge.arrays import BoolArray, IntArray
from fer_edge.dataset.data import Split
from fer_edge.scores import FloatArray
from fer_edge.training.audit.confident_learning import find_label_errors, normalized_margin

_MIN_PROBABILITY = 1e-7
"""Least probability in a loss, as in Keras."""


class Reason(str, Enum):
    """Reason to doubt a label."""

    DOUBTED = "judged another expression"
    CONTRADICTED = "people see another expression"
    CONTEMPT = "people see contempt"
    UNKNOWN = "people cannot tell"
    NO_FACE = "people see no face"
    ANOTHER_CLASS = "people see another class"
    EXACT_COPY = "an exact copy has another label"
    NEAR_COPY = "a near copy has another label"
    CONSTANT = "constant image"


@dataclass(frozen=True)
class Judgement:
    """Judgement of networks or people on N images.

    Attributes:
        scores: Mean probabilities, or shares of votes, for the classes and people's further answers, float32 (N, C).
        judges: Number of judges of each image, int64 (N,).
        dissent: Number of judges who would label it otherwise, int64 (N,).
        doubts: Images that each reason to doubt a label applies to, bool (N,).
        by_people: Whether the judges are people; their votes then decide between copies before the majority of copies.
    """

    scores: FloatArray
    judges: IntArray
    dissent: IntArray
    doubts: Mapping[Reason, BoolArray]
    by_people: bool = False


@dataclass(frozen=True)
class Suspect:
    """An image whose label may be wrong.

    Attributes:
        rank: Rank by `margin`, from 1, the worst.
        index: Index in the training split.
        label: Label, an index into the split's classes.
        predicted: Judges' answer, an index into the classes and people's further answers.
        label_probability: Judges' probability of the label, 0..1.
        predicted_probability: Judges' probability of `predicted`, 0..1.
        margin: Normalized margin, -1..1: the label's probability less the highest of the others.
        dissent: Number of judges who would label it otherwise.
        reasons: Reasons to doubt the label.
        group: Number, from 1, of its group of copies with different labels; None if it is in none.
        outvoted: Whether the group keeps another label: the commonest, or the one that people see.
    """

    rank: int
    index: int
    label: int
    predicted: int
    label_probability: float
    predicted_probability: float
    margin: float
    dissent: int
    reasons: tuple[Reason, ...]
    group: int | None
    outvoted: bool

    @property
    def loss(self) -> float:
        """Cross-entropy of the label, in nats."""
        return float(-np.log(max(self.label_probability, _MIN_PROBABILITY)))

    @property
    def certain(self) -> bool:
        """True if the images themselves contradict the label, whatever the judges say."""
        return self.outvoted or Reason.CONSTANT in self.reasons


@dataclass(frozen=True)
class Audit:
    """Result of an audit of a training split.

    Attributes:
        split: Audited images.
        judgement: Judgement on them.
        copies: Group of each image, int64 (N,), as `copy_groups` returns it.
        suspects: Suspects, the worst first.
        groups: Indices of copies with different labels; group 1 first.
    """

    split: Split
    judgement: Judgement
    copies: IntArray
    suspects: tuple[Suspect, ...]
    groups: tuple[IntArray, ...]

    def counts(self) -> IntArray:
        """Return the number of suspects with each label, int64 (classes,)."""
        return np.bincount([suspect.label for suspect in self.suspects], minlength=len(self.split.classes))

    def worst(self, count: int) -> tuple[Suspect, ...]:
        """Return the suspects to leave out: the `count` worst, and all that the images themselves contradict."""
        return tuple(suspect for suspect in self.suspects if suspect.rank <= count or suspect.certain)


def find_suspects(split: Split, judgements: Sequence[FloatArray], copies: IntArray) -> Audit:
    """Compare the labels of a training split with networks' scores, and with the labels of copies.

    Args:
        split: Training images.
        judgements: Scores of each network, float32 (N, classes), preferably not trained on the image or a copy.
        copies: Group of each image, int64 (N,), as `copy_groups` returns it.
    """
    scores = np.asarray(np.mean(judgements, axis=0), np.float32)
    return rank_suspects(
        split,
        Judgement(
            scores,
            judges=np.full(len(split), len(judgements)),
            dissent=np.sum([judgement.argmax(axis=1) != split.labels for judgement in judgements], axis=0),
            doubts={Reason.DOUBTED: find_label_errors(scores, split.labels)},
        ),
        copies,
    )


def rank_suspects(split: Split, judgement: Judgement, copies: IntArray) -> Audit:
    """Rank the images that are judged to be mislabelled, constant ones, and copies with different labels.

    Args:
        split: Training images.
        judgement: Judgement on them.
        copies: Group of each image, int64 (N,), as `copy_groups` returns it.
    """
    groups, reasons = _conflicts(split, copies)
    for reason, images in {Reason.CONSTANT: split.constant(), **judgement.doubts}.items():
        for index in np.flatnonzero(images):
            reasons.setdefault(int(index), []).append(reason)
    margins, places = normalized_margin(judgement.scores, split.labels), _places_within(split.labels)
    group_of = {int(index): number for number, members in enumerate(groups, start=1) for index in members}
    outvoted = {int(index) for members in groups for index in _outvoted(members, split.labels, judgement)}
    suspects = tuple(
        Suspect(
            rank=rank,
            index=index,
            label=int(split.labels[index]),
            predicted=int(judgement.scores[index].argmax()),
            label_probability=float(judgement.scores[index, split.labels[index]]),
            predicted_probability=float(judgement.scores[index].max()),
            margin=float(margins[index]),
            dissent=int(judgement.dissent[index]),
            reasons=tuple(reasons[index]),
            group=group_of.get(index),
            outvoted=index in outvoted,
        )
        for rank, index in enumerate(sorted(reasons, key=lambda index: (margins[index], places[index], index)), start=1)
    )
    return Audit(split, judgement, copies, suspects, groups)


def _conflicts(split: Split, copies: IntArray) -> tuple[tuple[IntArray, ...], dict[int, list[Reason]]]:
    """Return the groups of copies with different labels, and the reason to doubt each member; constant images aside."""
    groups, reasons = [], {}
    constant = split.constant()
    for first in np.flatnonzero(np.bincount(copies) > 1):
        members = np.flatnonzero(copies == first)
        if constant[first] or len(set(split.labels[members])) == 1:
            continue
        groups.append(members)
        for index in members:
            others = members[split.labels[members] != split.labels[index]]
            exact = (split.images[others] == split.images[index]).reshape(len(others), -1).all(axis=1).any()
            reasons[int(index)] = [Reason.EXACT_COPY if exact else Reason.NEAR_COPY]
    return tuple(groups), reasons


def _outvoted(members: IntArray, labels: IntArray, judgement: Judgement) -> IntArray:
    """Return the copies without the label that their group keeps.

    It keeps the commonest label, and of equally common ones the likeliest; with people's votes, the label with the most
    votes, and of equal ones the commonest.
    """
    counts = np.bincount(labels[members], minlength=judgement.scores.shape[1])
    support = judgement.scores[members].mean(axis=0)
    first, second = (support, counts) if judgement.by_people else (counts, support)
    kept = max(sorted(set(labels[members].tolist())), key=lambda label: (first[label], second[label]))
    outvoted: IntArray = members[labels[members] != kept]
    return outvoted


def _places_within(labels: IntArray) -> IntArray:
    """Return each image's place among those of its label, from 0, which mixes labels where margins are equal."""
    places = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        of_label = np.flatnonzero(labels == label)
        places[of_label] = np.arange(len(of_label))
    return places
