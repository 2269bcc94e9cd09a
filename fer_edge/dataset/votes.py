"""People's votes on faces: counts, shares and the majority's answer. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.labels import EXPRESSIONS, NUM_EXPRESSIONS
from fer_edge.scores import FloatArray

OTHER_CHOICES: tuple[str, ...] = ("contempt", "unknown", "no face")
"""Answers besides the seven expressions, as in FER+."""

CHOICES: tuple[str, ...] = (*EXPRESSIONS, *OTHER_CHOICES)
"""Columns of `Votes.counts`."""

NO_TRUTH = -1
"""Value in `Votes.majority` of a picture without a majority for one of the seven expressions."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Votes:
    """People's votes on N pictures.

    Attributes:
        counts: Votes for each of `CHOICES`, uint16 (N, 10); all 0 for a picture without votes.
    """

    counts: npt.NDArray[np.uint16]

    def __post_init__(self) -> None:
        if self.counts.ndim != 2 or self.counts.shape[1] != len(CHOICES) or self.counts.dtype != np.uint16:
            raise ValueError(f"expected uint16 (N, {len(CHOICES)}), got {self.counts.dtype} {self.counts.shape}")

    @staticmethod
    def none(pictures: int) -> Votes:
        """Return empty votes."""
        return Votes(np.zeros((pictures, len(CHOICES)), np.uint16))

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def voters(self) -> IntArray:
        """Number of votes on each picture, int64 (N,)."""
        return np.asarray(self.counts.sum(axis=1), np.int64)

    @property
    def shares(self) -> FloatArray:
        """Share of each expression in the votes for the seven, float32 (N, 7), 0..1; zeros without such votes."""
        votes = self.counts[:, :NUM_EXPRESSIONS].astype(np.float32)
        return np.asarray(votes / np.maximum(votes.sum(axis=1, keepdims=True), 1), np.float32)

    @property
    def has_shares(self) -> npt.NDArray[np.bool_]:
        """True where there is a vote for one of the seven expressions, bool (N,)."""
        return np.asarray(self.counts[:, :NUM_EXPRESSIONS].any(axis=1))

    @property
    def other_than_expression(self) -> npt.NDArray[np.bool_]:
        """True where contempt, unknown or no face has more votes than any of the seven expressions, bool (N,)."""
        most = self.counts[:, :NUM_EXPRESSIONS].max(axis=1)
        return np.asarray(self.counts[:, NUM_EXPRESSIONS:].max(axis=1) > most)

    @property
    def no_face(self) -> npt.NDArray[np.bool_]:
        """True where more people saw no face than anything else, bool (N,)."""
        column = CHOICES.index("no face")
        return np.asarray(self.counts[:, column] > np.delete(self.counts, column, axis=1).max(axis=1))

    @property
    def majority(self) -> IntArray:
        """Majority's answer as the FER+ literature counts it, int64 (N,): an index into `EXPRESSIONS`, or `NO_TRUTH`.

        Choices with a tenth of the votes or less, which is one vote of FER+'s ten, are dropped; the choice with the
        most votes must have more than half of the rest and be one of the seven expressions (Barsoum et al., 2016,
        https://arxiv.org/abs/1608.01041).
        """
        counts = self.counts.astype(np.int64)
        counts = np.where(10 * counts > self.voters[:, np.newaxis], counts, 0)
        most = counts.argmax(axis=1)
        clear = 2 * counts.max(axis=1) > counts.sum(axis=1)
        return np.where(clear & (most < NUM_EXPRESSIONS), most, NO_TRUTH)

    def take(self, indices: IntArray) -> Votes:
        """Return the votes on the pictures at `indices`, in that order."""
        return Votes(self.counts[indices])
