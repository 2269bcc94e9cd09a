"""Find the training images whose labels are most likely wrong. No TensorFlow.

The labels are ranked as in confident learning: Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty
in Dataset Labels", Journal of Artificial Intelligence Research 70 (2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.training.data import Split

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]

_MIN_PROBABILITY = 1e-7
"""What a probability of 0 counts as in a loss: Keras' own bound."""


class Reason(str, Enum):
    """What speaks against a label."""

    DOUBTED = "judged another expression"
    EXACT_COPY = "an exact copy has another label"
    NEAR_COPY = "a near copy has another label"
    CONSTANT = "constant image"


@dataclass(frozen=True)
class Suspect:
    """An image whose label may be wrong.

    Attributes:
        rank: From 1, the worst, by `margin`.
        index: Its place in the training split.
        label: What it is labelled, an index into `EXPRESSIONS`.
        predicted: What the judges make of it.
        label_probability: What they give its label, 0..1.
        predicted_probability: What they give `predicted`, 0..1.
        margin: The normalized margin, -1..1: the label's probability less the highest of the others.
        dissent: How many judges would label it otherwise.
        reasons: What speaks against the label.
        group: Number, from 1, of its copies that do not agree on a label; `None` if they do.
        outvoted: Whether most of those copies, or as many with the judges' help, carry one other label.
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
        scores: What the judges make of each, their mean: float32 (N, 7).
        judges: How many judged each image.
        suspects: The worst first.
        groups: The indices of copies that do not agree on a label; group 1 first.
    """

    split: Split
    scores: FloatArray
    judges: int
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
    groups, reasons = _conflicts(split, copies)
    group_of = {int(index): number for number, members in enumerate(groups, start=1) for index in members}
    outvoted = {int(index) for members in groups for index in _outvoted(members, split.labels, scores)}
    for index in np.flatnonzero(split.constant()):
        reasons.setdefault(int(index), []).append(Reason.CONSTANT)
    for index in np.flatnonzero(find_label_errors(scores, split.labels)):
        reasons.setdefault(int(index), []).append(Reason.DOUBTED)
    margins = normalized_margin(scores, split.labels)
    dissent = sum(judgement.argmax(axis=1) != split.labels for judgement in judgements)
    suspects = tuple(
        Suspect(
            rank=rank,
            index=index,
            label=int(split.labels[index]),
            predicted=int(scores[index].argmax()),
            label_probability=float(scores[index, split.labels[index]]),
            predicted_probability=float(scores[index].max()),
            margin=float(margins[index]),
            dissent=int(dissent[index]),
            reasons=tuple(reasons[index]),
            group=group_of.get(index),
            outvoted=index in outvoted,
        )
        for rank, index in enumerate(sorted(reasons, key=lambda index: (margins[index], index)), start=1)
    )
    return Audit(split, scores, len(judgements), suspects, groups)


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
    """The label's probability less the highest of the others: float32 (N,) in -1..1, the lowest the worst."""
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


def _outvoted(members: IntArray, labels: IntArray, scores: FloatArray) -> IntArray:
    """The copies that do not carry their group's commonest label, or the likeliest among equally common ones."""
    votes = np.bincount(labels[members], minlength=NUM_EXPRESSIONS)
    support = scores[members].mean(axis=0)
    kept = max(range(NUM_EXPRESSIONS), key=lambda label: (votes[label], support[label]))
    outvoted: IntArray = members[labels[members] != kept]
    return outvoted
