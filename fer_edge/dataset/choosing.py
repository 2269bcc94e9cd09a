"""Data set with chosen classes. No TensorFlow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.data import Dataset, Split, recount
from fer_edge.errors import DataError


def choose_classes(dataset: Dataset, choice: ClassChoice) -> Dataset:
    """Return the data set with the chosen classes; images of others are left out.

    Raises:
        DataError: If the choice names a class that the data set lacks, or fewer than two classes remain.
    """
    if not choice:
        return dataset
    own = dataset.classes
    unknown = [name for name in choice.named() if name not in own]
    if unknown:
        raise DataError(f"{dataset.source} has no class {unknown[0]}; its classes are {', '.join(own)}")
    targets = [choice.target(name) for name in own]
    kept = {target for target in targets if target is not None}
    classes = choice.classes or tuple(sorted(kept))
    if len(classes) < 2:
        raise DataError(f"{dataset.source}: expected two or more classes, got {', '.join(classes) or 'none'}")
    becomes = np.array([-1 if target is None else classes.index(target) for target in targets])
    splits = {name: _relabelled(split, becomes, classes) for name, split in dataset.splits.items()}
    sources = {
        new: tuple(
            folder for name in own if choice.target(name) == new for folder in dataset.sources.get(name, (name,))
        )
        for new in classes
    }
    return recount(replace(dataset, splits=splits, sources=sources, choice=choice))


def _relabelled(split: Split, becomes: npt.NDArray[np.int64], classes: tuple[str, ...]) -> Split:
    labels = becomes[split.labels]
    kept = split.take(np.flatnonzero(labels >= 0))
    return replace(kept, labels=labels[labels >= 0], classes=classes)
