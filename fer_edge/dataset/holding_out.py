"""Division of a data set without split folders into training and validation images. No TensorFlow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from fer_edge.dataset.checking import recount
from fer_edge.dataset.data import Dataset, SplitName, digests
from fer_edge.errors import DataError

HELD_OUT = 0.2
"""Share of each class's pictures that is held out for validation."""

_SEED = 0


def hold_out_validation(dataset: Dataset) -> Dataset:
    """Hold out a fifth of each class's pictures, drawn with a fixed seed, as the validation split, with a note.

    Exact copies of a picture stay together. The division depends on the pictures' names and pixels alone.

    Raises:
        DataError: If a class has only one picture.
    """
    everything = dataset.train
    held = np.zeros(len(everything), bool)
    pictures = digests(everything.images)
    rng = np.random.default_rng(_SEED)
    for label, name in enumerate(dataset.classes):
        own = np.unique(pictures[everything.labels == label])
        if len(own) == 1:
            raise DataError(f"{dataset.source}: expected two or more different pictures of {name}, got one")
        chosen = rng.choice(own, max(round(HELD_OUT * len(own)), 1), replace=False) if len(own) else own
        held |= (everything.labels == label) & np.isin(pictures, chosen)
    splits = {
        SplitName.TRAIN: everything.take(np.flatnonzero(~held)),
        SplitName.VALIDATION: everything.take(np.flatnonzero(held)),
    }
    note = (
        f"no split folders: {held.sum():,} of {len(held):,} pictures, {HELD_OUT:.0%} of each class drawn with seed "
        f"{_SEED}, are the validation split; pictures of one person may be on both sides, which flatters the accuracy"
    )
    findings = {SplitName.VALIDATION: Counter(), **dataset.findings}
    return recount(replace(dataset, splits=splits, findings=findings, notes=(*dataset.notes, note)))
