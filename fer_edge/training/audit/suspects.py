"""Find the training images whose labels are most likely wrong. No TensorFlow.

Networks' judgements are compared with the labels as in confident learning: Northcutt, Jiang and Chuang, "Confident
Learning: Estimating Uncertainty in Dataset Labels", Journal of Artificial Intelligence Research 70 (2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Split
from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.scores import FloatArray

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_MIN_PROBABILITY = 1e-7
"""What a probability of 0 counts as in a loss: Keras' own bound."""


class Reason(str, Enum):
    """What speaks against a label."""

    DOUBTED = "judged another expression"
    CONTRADICTED = "people see another expression"
    CONTEMPT = "people see contempt"
    UNKNOWN = "people cannot tell"
    NO_FACE = "people see no face"
    EXACT_COPY = "an exact copy has another label"
    NEAR_COPY = "a near copy has another label"
    CONSTANT = "constant image"


@dataclass(frozen=True)
class Judgement:
    """What networks or people make of N images.

    Attributes:
        scores: Their mean probabilities, or the shares of their votes: float32 (N, C), for the first C of `CHOICES`.
        judges: How many judged each image, int64 (N,).
        dissent: How many of them would label it otherwise, int64 (N,).
        doubts: For each reason to doubt a label, which images it applies to: bool (N,).
        by_people: Whether the judges are people. They decide between copies before the number of the copies does.
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
        rank: From 1, the worst, by `margin`.
        index: Its place in the training split.
        label: What it is labelled, an index into `EXPRESSIONS`.
        predicted: What the judges make of it, an index into `CHOICES`.
        label_probability: What they give its label, 0..1.
        predicted_probability: What they give `predicted`, 0..1.
        margin: The normalized margin, -1..1: the label's probability less the highest of the others.
        dissent: How many judges would label it otherwise.
        reasons: What speaks against the label.
        group: Number, from 1, of its copies that do not agree on a label; `None` if they do.
        outvoted: Whether another label of those copies is kept: the commonest, or the one that people see.
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
        """Whether the images themselves speak against the label, whatever the judges say."""
        return self.outvoted or Reason.CONSTANT in self.reasons


@dataclass(frozen=True)
class Audit:
    """What an audit of a training split found.

    Attributes:
        split: The audited images.
        judgement: What the judges make of them.
        copies: Group of each image, int64 (N,), as `copy_groups` gives them.
        suspects: The worst first.
        groups: The indices of copies that do not agree on a label; group 1 first.
    """

    split: Split
    judgement: Judgement
    copies: IntArray
    suspects: tuple[Suspect, ...]
    groups: tuple[IntArray, ...]

    def counts(self) -> IntArray:
        """How many suspects each expression's label has, (7,)."""
        return np.bincount([suspect.label for suspect in self.suspects], minlength=NUM_EXPRESSIONS)

    def worst(self, count: int) -> tuple[Suspect, ...]:
        """The suspects to leave out: the `count` worst, and all that the images themselves speak against."""
        return tuple(suspect for suspect in self.suspects if suspect.rank <= count or suspect.certain)


def find_suspects(split: Split, judgements: Sequence[FloatArray], copies: IntArray) -> Audit:
    """Compare the labels of a training split with what judges make of its images, and with those of their copies.

    Args:
        split: The training images.
        judgements: One judge's probabilities of all images each, float32 (N, 7); best of a judge who has not seen the
            image that it judges, nor a copy.
        copies: Group of each image, int64 (N,), as `copy_groups` gives them.
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
    """Rank the images that are judged to be mislabelled, constant ones, and copies whose labels disagree.

    Args:
        split: The training images.
        judgement: What the judges make of them.
        copies: Group of each image, int64 (N,), as `copy_groups` gives them.
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


def find_label_errors(scores: FloatArray, labels: IntArray) -> npt.NDArray[np.bool_]:
    """The images off the diagonal of the confident joint (Northcutt et al., 2021, equation 1).

    An image is taken for an expression if its probability reaches the mean that images so labelled have, and for the
    likeliest of several. It is off the diagonal if it is taken for another one than its label.

    Args:
        scores: float32 (N, 7), probabilities.
        labels: int64 (N,).

    Returns:
        bool (N,).
    """
    own = scores[np.arange(len(labels)), labels]
    counts = np.bincount(labels, minlength=NUM_EXPRESSIONS)
    sums = np.bincount(labels, weights=own, minlength=NUM_EXPRESSIONS)
    thresholds = np.divide(sums, counts, out=np.full(NUM_EXPRESSIONS, np.inf), where=counts > 0)
    confident = np.where(scores >= thresholds, scores, 0)
    off_diagonal: npt.NDArray[np.bool_] = confident.any(axis=1) & (confident.argmax(axis=1) != labels)
    return off_diagonal


def normalized_margin(scores: FloatArray, labels: IntArray) -> FloatArray:
    """Return the label's probability less the highest of the others: float32 (N,) in -1..1, the lowest the worst.

    Args:
        scores: float32 (N, C), probabilities; the labels are among the first C.
        labels: int64 (N,).
    """
    rows = np.arange(len(labels))
    others = scores.copy()
    others[rows, labels] = -np.inf
    margin: FloatArray = scores[rows, labels] - others.max(axis=1)
    return margin


def _conflicts(split: Split, copies: IntArray) -> tuple[tuple[IntArray, ...], dict[int, list[Reason]]]:
    """The groups of copies that do not agree on a label, and what that says of each member that has a face."""
    groups, reasons = [], {}
    constant = split.constant()
    for first in np.flatnonzero(np.bincount(copies) > 1):
        members = np.flatnonzero(copies == first)
        if constant[first] or len(set(split.labels[members])) == 1:
            continue
        groups.append(members)
        for index in members:
            others = members[split.labels[members] != split.labels[index]]
            exact = (split.images[others] == split.images[index]).all(axis=(1, 2)).any()
            reasons[int(index)] = [Reason.EXACT_COPY if exact else Reason.NEAR_COPY]
    return tuple(groups), reasons


def _outvoted(members: IntArray, labels: IntArray, judgement: Judgement) -> IntArray:
    """Return the copies that do not carry the label that is kept for their group.

    That is the commonest, and of equally common ones the likeliest; by people it is the one that most of them see, and
    of equal ones the commonest.
    """
    counts = np.bincount(labels[members], minlength=NUM_EXPRESSIONS)
    support = judgement.scores[members].mean(axis=0)
    first, second = (support, counts) if judgement.by_people else (counts, support)
    kept = max(sorted(set(labels[members].tolist())), key=lambda label: (first[label], second[label]))
    outvoted: IntArray = members[labels[members] != kept]
    return outvoted


def _places_within(labels: IntArray) -> IntArray:
    """Return each image's place among those of its label, from 0: by it, equal margins are dealt from all labels."""
    places = np.empty(len(labels), np.int64)
    for label in range(NUM_EXPRESSIONS):
        of_label = np.flatnonzero(labels == label)
        places[of_label] = np.arange(len(of_label))
    return places
