"""Answers that predictions are judged by: people's, where there are votes, else the data set's labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Split
from fer_edge.dataset.votes import NO_TRUTH

PEOPLES_ANSWER = "people's answer"
LABEL = "label"


@dataclass(frozen=True)
class Truth:
    """Answers for some of a split's images.

    Attributes:
        kind: `PEOPLES_ANSWER` or `LABEL`.
        images: Indices of the images that have an answer, int64 (M,).
        classes: Their answers, indices of classes, int64 (M,).
    """

    kind: str
    images: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]


def truth_of(split: Split) -> Truth:
    """Return the majority's answers where a majority agrees on a class of any image, else the labels."""
    if split.votes is not None and (agreed := np.flatnonzero(split.votes.majority != NO_TRUTH)).size:
        return Truth(PEOPLES_ANSWER, agreed, split.votes.majority[agreed])
    return Truth(LABEL, np.arange(len(split)), split.labels)
