"""Labelled images as they are read, one by one, until they are a data set. No TensorFlow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fer_edge.training.data import Dataset, Finding, Split, SplitName, note_finding


class Gathered:
    """Images by split, and what was found wrong with them."""

    def __init__(self) -> None:
        self._rows: dict[SplitName, list[tuple[npt.NDArray[np.uint8], int, str]]] = {}
        self._findings: dict[SplitName, Counter[Finding]] = {}
        self._examples: dict[Finding, list[str]] = {}

    def add(
        self,
        split: SplitName,
        label: int,
        name: str,
        image: npt.NDArray[np.uint8] | None,
        faults: Sequence[Finding] = (),
    ) -> None:
        """Take in an image.

        Args:
            split: Which part it belongs to.
            label: An index into `EXPRESSIONS`.
            name: Where it came from.
            image: uint8 (48, 48); `None` if it is left out.
            faults: What is wrong with it.
        """
        counts = self._findings.setdefault(split, Counter())
        for fault in faults:
            note_finding(counts, self._examples, fault, name)
        if image is not None:
            self._rows.setdefault(split, []).append((image, label, name))

    def dataset(self, source: str, notes: tuple[str, ...] = ()) -> Dataset:
        """All images; a missing validation split is replaced by the test split, which a note says."""
        splits = {name: _stack(self._rows[name]) for name in SplitName if name in self._rows}
        findings = self._findings
        if SplitName.VALIDATION not in splits and SplitName.TEST in splits:
            splits = {_stand_in(name): split for name, split in splits.items()}
            findings = {_stand_in(name): counts for name, counts in findings.items()}
            notes = (*notes, "no validation split: the test split stands in for it")
        return Dataset(source, splits, findings, self._examples, notes)


def _stack(rows: Sequence[tuple[npt.NDArray[np.uint8], int, str]]) -> Split:
    images, labels, names = zip(*rows, strict=True)
    return Split(np.stack(images), np.array(labels, np.int64), tuple(names))


def _stand_in(name: SplitName) -> SplitName:
    return SplitName.VALIDATION if name is SplitName.TEST else name
