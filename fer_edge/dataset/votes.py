"""People's votes on faces: counts, shares and the majority's answer. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fer_edge.arrays import IntArray
from fer_edge.labels import EXPRESSIONS
from fer_edge.scores import FloatArray

NO_FACE = "no face"
OTHER_CHOICES: tuple[str, ...] = ("contempt", "unknown", NO_FACE)
"""Answers besides the seven expressions, as in FER+."""

ANOTHER_CLASS = "another class"
"""Answer that the votes for classes which are not chosen are joined in."""

CHOICES: tuple[str, ...] = (*EXPRESSIONS, *OTHER_CHOICES)
"""Choices that FER+'s votes are on."""

NO_TRUTH = -1
"""Value in `Votes.majority` of a picture without a majority for one of the classes."""


@dataclass(frozen=True)
class Votes:
    """People's votes on N pictures.

    Attributes:
        counts: Votes for each of `choices`, uint16 (N, choices); all 0 for a picture without votes.
        classes: Classes that people voted for, in the order of the labels.
        others: Further answers.
    """

    counts: npt.NDArray[np.uint16]
    classes: tuple[str, ...] = EXPRESSIONS
    others: tuple[str, ...] = OTHER_CHOICES

    def __post_init__(self) -> None:
        columns = len(self.choices)
        if self.counts.ndim != 2 or self.counts.shape[1] != columns or self.counts.dtype != np.uint16:
            raise ValueError(f"expected uint16 (N, {columns}), got {self.counts.dtype} {self.counts.shape}")

    @staticmethod
    def none(pictures: int) -> Votes:
        """Return empty votes."""
        return Votes(np.zeros((pictures, len(CHOICES)), np.uint16))

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def choices(self) -> tuple[str, ...]:
        """Answers by column of `counts`: the classes, then the others."""
        return (*self.classes, *self.others)

    @property
    def voters(self) -> IntArray:
        """Number of votes on each picture, int64 (N,)."""
        return np.asarray(self.counts.sum(axis=1), np.int64)

    @property
    def shares(self) -> FloatArray:
        """Share of each class in the votes for all classes, float32 (N, classes), 0..1; zeros without such votes."""
        votes = self._for_classes.astype(np.float32)
        return np.asarray(votes / np.maximum(votes.sum(axis=1, keepdims=True), 1), np.float32)

    @property
    def has_shares(self) -> npt.NDArray[np.bool_]:
        """True where there is a vote for one of the classes, bool (N,)."""
        return np.asarray(self._for_classes.any(axis=1))

    @property
    def other_than_classes(self) -> npt.NDArray[np.bool_]:
        """True where one of the other answers has more votes than any class, bool (N,)."""
        others = self.counts[:, len(self.classes) :]
        return np.asarray(others.max(axis=1, initial=0) > self._for_classes.max(axis=1))

    @property
    def no_face(self) -> npt.NDArray[np.bool_]:
        """True where more people saw no face than anything else, bool (N,); nowhere if that is a class."""
        if NO_FACE not in self.others:
            return np.zeros(len(self), bool)
        column = self.choices.index(NO_FACE)
        return np.asarray(self.counts[:, column] > np.delete(self.counts, column, axis=1).max(axis=1))

    @property
    def majority(self) -> IntArray:
        """Majority's answer as the FER+ literature counts it, int64 (N,): an index into `classes`, or `NO_TRUTH`.

        Choices with a tenth of the votes or less, which is one vote of FER+'s ten, are dropped; the choice with the
        most votes must have more than half of the rest and be one of the classes (Barsoum et al., 2016,
        https://arxiv.org/abs/1608.01041).
        """
        counts = self.counts.astype(np.int64)
        counts = np.where(10 * counts > self.voters[:, np.newaxis], counts, 0)
        most = counts.argmax(axis=1)
        clear = 2 * counts.max(axis=1) > counts.sum(axis=1)
        return np.where(clear & (most < len(self.classes)), most, NO_TRUTH)

    def take(self, indices: IntArray) -> Votes:
        """Return the votes on the pictures at `indices`, in that order."""
        return replace(self, counts=self.counts[indices])

    def lacking(self, parts: Mapping[str, Iterable[str]]) -> list[str]:
        """Return the classes, each given with the choices that it joins, of which a choice is not among these."""
        return [name for name, joined in parts.items() if not set(joined) <= set(self.choices)]

    def on_classes(self, parts: Mapping[str, Sequence[str]]) -> Votes:
        """Return the votes on other classes: the sums of the choices that each joins.

        Votes for classes that are in none of them count for one further answer, `ANOTHER_CLASS`.

        Args:
            parts: Choices that each class joins, by its name, in the order of the labels.
        """
        used = {choice for joined in parts.values() for choice in joined}
        others = tuple(choice for choice in self.others if choice not in used)
        left = [choice for choice in self.classes if choice not in used]
        columns = [*parts.values(), *([choice] for choice in others), *([left] if left else [])]
        sums = [self.counts[:, [self.choices.index(choice) for choice in joined]].sum(axis=1) for joined in columns]
        return Votes(
            np.stack(sums, axis=1).astype(np.uint16), tuple(parts), (*others, *([ANOTHER_CLASS] if left else []))
        )

    @property
    def _for_classes(self) -> npt.NDArray[np.uint16]:
        return self.counts[:, : len(self.classes)]
