"""Accuracy and recall of groups of images, and the significance of the gaps between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.evaluation.metrics import IntArray, accuracy_interval

PERMUTATIONS = 2000
"""Number of permutations; the least p-value is 1 / (this + 1)."""

_SEED = 0
_ROUNDING = 1e-12
"""Difference of two equal gaps that floating-point numbers can make."""
_Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """Share of images that are predicted right.

    Attributes:
        images: Number of images.
        share: Share, 0..1; `None` without images.
        interval: Ends of its 95 % interval by Wilson's score, 0..1; `None` without images.
    """

    images: int
    share: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class GroupResult:
    """Results on one group's images.

    Attributes:
        accuracy: Rate over all its images.
        mean_recall: Mean of the recalls of the classes that it has, with the interval that follows from theirs (MOVER:
            Zou and Donner, Statistics in Medicine 2008).
        recall: Rate of each class, by its name.
    """

    accuracy: Rate
    mean_recall: Rate
    recall: dict[str, Rate]


@dataclass(frozen=True)
class Gap:
    """Distance between the best and the worst group.

    Attributes:
        gap: Largest difference of the groups' shares, 0..1.
        lowest: Group with the lowest share.
        highest: Group with the highest share.
        p: Probability of such a gap if the group made no difference, by permutation of the groups within each class.
        p_adjusted: `p` of a class, adjusted by Holm for the number of classes; `None` for accuracy and mean recall.
    """

    gap: float
    lowest: str
    highest: str
    p: float
    p_adjusted: float | None = None


@dataclass(frozen=True)
class GroupComparison:
    """Results of groups, compared.

    Attributes:
        truth: Answers that predictions are judged by, in words.
        images: Number of images that have an answer and a group.
        groups: Results by the group's name.
        accuracy_gap: Gap in accuracy.
        mean_recall_gap: Gap in mean recall.
        recall_gaps: Gap in recall by the class's name; a class that fewer than two groups have is left out.
        permutations: Number of permutations for the p-values.
    """

    truth: str
    images: int
    groups: dict[str, GroupResult]
    accuracy_gap: Gap
    mean_recall_gap: Gap
    recall_gaps: dict[str, Gap]
    permutations: int = PERMUTATIONS

    def as_dict(self) -> dict[str, Any]:
        """Return the results for JSON."""
        return asdict(self)

    def for_card(self) -> dict[str, Any]:
        """Return accuracy, mean recall and their largest gaps for a model's card, in which space is short."""
        return {
            "truth": self.truth,
            "groups": {name: _for_card(each) for name, each in self.groups.items()},
            "accuracy_gap": asdict(self.accuracy_gap),
            "mean_recall_gap": asdict(self.mean_recall_gap),
        }


def compare_groups(
    predicted: IntArray,
    truth: IntArray,
    group_of: IntArray,
    *,
    groups: Sequence[str],
    classes: Sequence[str],
    judged_by: str,
) -> GroupComparison:
    """Compare groups of images.

    The groups are permuted within each class, so that a group that shows other expressions more often makes no gap
    significant.

    Args:
        predicted: Predicted classes, (N,).
        truth: True classes, (N,).
        group_of: Index into `groups` of each image, (N,).
        groups: Names of the groups, each of which has an image.
        classes: Names of the classes.
        judged_by: Answers that `truth` holds, in words.
    """
    hits = predicted == truth
    counts, right = _count(hits, truth, group_of, (len(groups), len(classes)))
    observed = _gaps(counts, right)
    p = _p_values(hits, truth, counts, observed)
    shares = _shares(counts, right)
    found = [_gap(column, groups, p_value) for column, p_value in zip(shares.T, p, strict=True)]
    by_class = {name: gap for name, gap in zip(classes, found[2:], strict=True) if gap is not None}
    accuracy, mean_recall = found[:2]
    if accuracy is None or mean_recall is None:
        raise ValueError(f"expected an image of each of two groups or more, got {counts.sum(axis=1).tolist()}")
    return GroupComparison(
        truth=judged_by,
        images=len(truth),
        groups={name: _result(counts[i], right[i], classes) for i, name in enumerate(groups)},
        accuracy_gap=accuracy,
        mean_recall_gap=mean_recall,
        recall_gaps=_adjust(by_class),
    )


def _count(
    hits: npt.NDArray[np.bool_], truth: IntArray, group_of: IntArray, shape: tuple[int, int]
) -> tuple[_Counts, _Counts]:
    """Return the numbers of images and of right ones by group and class, two (groups, classes)."""
    cells = group_of * shape[1] + truth
    size = shape[0] * shape[1]
    counts, right = (np.bincount(cells, weights, size).reshape(shape) for weights in (None, hits))
    return np.asarray(counts, np.float64), np.asarray(right, np.float64)


def _shares(counts: _Counts, right: _Counts) -> _Counts:
    """Return accuracy, mean recall and each class's recall of each group, (groups, 2 + classes); NaN without images."""
    with np.errstate(invalid="ignore"):
        recall = right / counts
        accuracy = right.sum(axis=1) / counts.sum(axis=1)
        mean_recall = np.nansum(recall, axis=1) / (counts > 0).sum(axis=1)
    return np.column_stack([accuracy, mean_recall, recall])


def _gaps(counts: _Counts, right: _Counts) -> _Counts:
    """Return the largest difference between groups in each column of `_shares`; 0 with fewer than two values."""
    shares = _shares(counts, right)
    known = ~np.isnan(shares)
    highest = np.where(known, shares, -np.inf).max(axis=0)
    lowest = np.where(known, shares, np.inf).min(axis=0)
    return np.where(known.any(axis=0), highest - lowest, 0.0)


def _p_values(hits: npt.NDArray[np.bool_], truth: IntArray, counts: _Counts, observed: _Counts) -> _Counts:
    """Return the p-value of each observed gap, with the groups permuted within each class.

    Permuting within a class is drawing each group's number of right images from a multivariate hypergeometric
    distribution, which needs no pass over the images.
    """
    random = np.random.default_rng(_SEED)
    whole = counts.astype(np.int64)
    right_of_class = np.bincount(truth, weights=hits, minlength=counts.shape[1]).astype(np.int64)
    drawn = np.stack(
        [
            random.multivariate_hypergeometric(whole[:, each], right_of_class[each], PERMUTATIONS, method="marginals")
            for each in range(counts.shape[1])
        ],
        axis=2,
    )
    exceeded = sum(_gaps(counts, right.astype(np.float64)) >= observed - _ROUNDING for right in drawn)
    return np.asarray((1 + exceeded) / (1 + PERMUTATIONS))


def _gap(shares: _Counts, groups: Sequence[str], p: float) -> Gap | None:
    known = np.flatnonzero(~np.isnan(shares))
    if len(known) < 2:
        return None
    lowest, highest = known[shares[known].argmin()], known[shares[known].argmax()]
    return Gap(float(shares[highest] - shares[lowest]), groups[lowest], groups[highest], float(p))


def _adjust(gaps: dict[str, Gap]) -> dict[str, Gap]:
    """Return the gaps with p-values adjusted by Holm."""
    adjusted, least = {}, 0.0
    for rank, (name, gap) in enumerate(sorted(gaps.items(), key=lambda pair: pair[1].p)):
        least = max(least, min(1.0, gap.p * (len(gaps) - rank)))
        adjusted[name] = Gap(gap.gap, gap.lowest, gap.highest, gap.p, least)
    return {name: adjusted[name] for name in gaps}


def _result(counts: _Counts, right: _Counts, classes: Sequence[str]) -> GroupResult:
    rates = {name: make_rate(int(right[i]), int(counts[i])) for i, name in enumerate(classes)}
    images = int(counts.sum())
    return GroupResult(make_rate(int(right.sum()), images), mean_of_rates(list(rates.values())), rates)


def make_rate(hits: int, images: int) -> Rate:
    """Return the share of right images with its interval."""
    return Rate(images, hits / images, accuracy_interval(hits, images)) if images else Rate(0, None, None)


def mean_of_rates(rates: Sequence[Rate]) -> Rate:
    """Return the mean of the shares that are known, with the interval that follows from theirs (MOVER)."""
    known = [(each.share, *each.interval) for each in rates if each.share is not None and each.interval is not None]
    images = sum(each.images for each in rates)
    if not known:
        return Rate(images, None, None)
    share, low, high = np.array(known).T
    mean = float(share.mean())
    below, above = (float(np.sqrt(((share - end) ** 2).sum())) / len(known) for end in (low, high))
    return Rate(images, mean, (max(mean - below, 0.0), min(mean + above, 1.0)))


def _for_card(result: GroupResult) -> dict[str, Any]:
    return {
        "images": result.accuracy.images,
        "accuracy": result.accuracy.share,
        "accuracy_interval": result.accuracy.interval,
        "mean_recall": result.mean_recall.share,
        "mean_recall_interval": result.mean_recall.interval,
    }
