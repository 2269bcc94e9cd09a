"""Collection of labelled images, one by one, into a data set. No TensorFlow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.checking import note_finding
from fer_edge.dataset.data import Dataset, ImageFault, Split, SplitName
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from fer_edge.names import some


class Gathered:
    """Images by split, with their faults and the reasons why others were left out."""

    def __init__(self, classes: tuple[str, ...] = EXPRESSIONS) -> None:
        """Prepare to collect images of `classes`."""
        self._classes = classes
        self._rows: dict[SplitName, list[tuple[npt.NDArray[np.uint8], int, str]]] = {}
        self._reasons: dict[SplitName, list[tuple[int, str]]] = {}
        self._findings: dict[SplitName, Counter[ImageFault]] = {}
        self._examples: dict[ImageFault, list[str]] = {}
        self._changes: dict[str, tuple[ImageFault, ...]] = {}

    @property
    def splits(self) -> Set[SplitName]:
        """Splits that had images, usable or not."""
        return self._rows.keys() | self._reasons.keys()

    def add(
        self,
        split: SplitName,
        label: int,
        name: str,
        image: npt.NDArray[np.uint8],
        changes: Sequence[ImageFault] = (),
    ) -> None:
        """Add an image.

        Args:
            split: Split of the image.
            label: Index into the classes.
            name: Name of its file or line.
            image: Pixels, uint8 (H, W) gray or (H, W, 3) RGB, of one form for all.
            changes: Conversions that were applied to it.
        """
        for change in changes:
            self._note(split, change, name)
        if changes:
            self._changes[name] = tuple(changes)
        self._rows.setdefault(split, []).append((image, label, name))

    def leave_out(self, split: SplitName, label: int, name: str, finding: ImageFault, reason: str) -> None:
        """Count an image that cannot be used.

        Args:
            split: Split of the image.
            label: Index into the classes.
            name: Name of its file or line.
            finding: Kind of its fault.
            reason: Fault in words that follow the name: "is empty".
        """
        self._note(split, finding, name)
        self._reasons.setdefault(split, []).append((label, f"{name} {reason}"))

    def dataset(self, source: str, notes: tuple[str, ...] = ()) -> Dataset:
        """Return the data set; without a validation split, the test split takes its place, with a note.

        Raises:
            DataError: If no image of a split, or of a class in it, can be used.
        """
        self._require_usable(source)
        splits = {name: _stack(self._rows[name], self._classes) for name in SplitName if name in self._rows}
        findings = self._findings
        notes = (*notes, *(self._left_out(name) for name in SplitName if name in self._reasons))
        if SplitName.VALIDATION not in splits and SplitName.TEST in splits:
            splits = {_stand_in(name): split for name, split in splits.items()}
            findings = {_stand_in(name): counts for name, counts in findings.items()}
            notes = (*notes, "no validation split: the test split stands in for it")
        return Dataset(source, splits, findings, self._examples, notes, self._changes)

    def _note(self, split: SplitName, finding: ImageFault, name: str) -> None:
        note_finding(self._findings.setdefault(split, Counter()), self._examples, finding, name)

    def _require_usable(self, source: str) -> None:
        reasons = [reason for faults in self._reasons.values() for _, reason in faults]
        if reasons and not self._rows:
            raise DataError(f"{source}: none of its {len(reasons):,} images can be used: {some(reasons, '; ')}")
        for split, faults in self._reasons.items():
            reasons = [reason for _, reason in faults]
            if split not in self._rows:
                raise DataError(
                    f"{source}: none of the {len(reasons):,} images of the {split.value} split can be used: "
                    f"{some(reasons, '; ')}"
                )
            usable = {label for _, label, _ in self._rows[split]}
            for label in sorted({label for label, _ in faults} - usable):
                missing = f"no usable image of {self._classes[label]} in the {split.value} split"
                of_label = [reason for fault_label, reason in faults if fault_label == label]
                raise DataError(f"{source}: {missing}: {some(of_label, '; ')}")

    def _left_out(self, split: SplitName) -> str:
        reasons = [reason for _, reason in self._reasons[split]]
        images = "image" if len(reasons) == 1 else "images"
        return f"left out {len(reasons):,} {images} of the {split.value} split: {some(reasons, '; ')}"


def _stack(rows: Sequence[tuple[npt.NDArray[np.uint8], int, str]], classes: tuple[str, ...]) -> Split:
    images, labels, names = zip(*rows, strict=True)
    return Split(np.stack(images), np.array(labels, np.int64), tuple(names), classes=classes)


def _stand_in(name: SplitName) -> SplitName:
    return SplitName.VALIDATION if name is SplitName.TEST else name
