"""Data set with chosen classes. No TensorFlow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.checking import recount
from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.errors import DataError


def choose_classes(dataset: Dataset, choice: ClassChoice) -> Dataset:
    """Return the data set with the chosen classes; images of others are left out.

    Raises:
        DataError: If the choice names a class that the data set lacks, or fewer than two classes remain; of a model's
            labels, if the data set has none.
    """
    if not choice:
        return dataset
    own = dataset.classes
    targets = [choice.target(name) for name in own]
    kept = {target for target in targets if target is not None}
    classes = choice.labels or choice.classes or tuple(sorted(kept))
    _require_known(dataset, choice, kept)
    if len(classes) < 2 or not kept:
        expected = f"images of {', '.join(choice.labels)}" if choice.labels else "two or more classes"
        got = own if choice.labels else classes
        raise DataError(f"{dataset.source}: expected {expected}, got {', '.join(got) or 'none'}")
    if classes == own == tuple(targets):
        return replace(dataset, choice=choice)
    becomes = np.array([-1 if target is None else classes.index(target) for target in targets])
    chosen = {name: _relabelled(split, becomes, classes) for name, split in dataset.splits.items()}
    splits = {name: split for name, split in chosen.items() if len(split) or name is not SplitName.TEST}
    sources = {
        new: tuple(
            folder for name in own if choice.target(name) == new for folder in dataset.sources.get(name, (name,))
        )
        for new in classes
    }
    left_out = tuple(name for name, target in zip(own, targets, strict=True) if target is None)
    return recount(replace(dataset, splits=splits, sources=sources, choice=choice, left_out_classes=left_out))


def _require_known(dataset: Dataset, choice: ClassChoice, kept: set[str]) -> None:
    """Check that the data set has the classes that the user named; a model's labels may be more than it has."""
    named, known = (choice.classes, kept) if choice.labels else (choice.named(), set(dataset.classes))
    if unknown := [name for name in named if name not in known]:
        classes = ", ".join(dataset.classes)
        raise DataError(f"{dataset.source} has no class {unknown[0]}; its classes are {classes}")


def _relabelled(split: Split, becomes: npt.NDArray[np.int64], classes: tuple[str, ...]) -> Split:
    labels = becomes[split.labels]
    kept = split.take(np.flatnonzero(labels >= 0))
    return replace(kept, labels=labels[labels >= 0], classes=classes)
