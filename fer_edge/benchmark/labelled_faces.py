"""Labelled faces that accuracy is measured on, and their description in the report."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fer_edge.benchmark.quality import as_digits
from fer_edge.benchmark.setting import Data
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.peoples_answer import measure_one_person
from fer_edge.dataset.votes import NO_TRUTH


def take_some(faces: Split, images: int | None) -> Split:
    """Draw so many of the faces, always the same ones; all for `None`."""
    if images is None or images >= len(faces):
        return faces
    return faces.take(np.random.default_rng(0).permutation(len(faces))[:images])


def describe_data(dataset: Dataset, faces: Split, split: str, *, synthetic: bool) -> Data:
    """Describe `faces`, all or some of the split called `split` of a data set, for the report.

    Images count as copied if the training split has the same pixels.
    """
    copied = exact_copies(faces.images, dataset.train.images)
    plain = Data(dataset.name, split, len(faces), dataset.sha256(), synthetic, as_digits(faces.labels))
    plain = replace(plain, copied=as_digits(copied.astype(np.int64)))
    votes = faces.votes
    if votes is None or (votes.majority == NO_TRUTH).all():
        return plain
    person, others = measure_one_person(votes), votes.take(np.flatnonzero(~copied))
    alone = measure_one_person(others) if 0 < len(others) < len(votes) else None
    return replace(
        plain,
        majority=as_digits(votes.majority),
        one_person=None if person is None else person.as_dict(),
        one_person_without_copies=None if alone is None else alone.as_dict(),
    )
