"""Checks of a data set: missing splits and classes, and counts of its images' faults. No TensorFlow."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from fer_edge.dataset.data import Dataset, ImageFault, Split, SplitName, digests
from fer_edge.errors import DataError
from fer_edge.labels import require_free

_LEFT_OUT = (ImageFault.NOT_AN_IMAGE, ImageFault.TOO_LARGE, ImageFault.UNREADABLE)
"""Faults of images that were left out."""


def check_splits(dataset: Dataset) -> Dataset:
    """Check the splits, and return `dataset` with its constant and duplicate images counted.

    Raises:
        DataError: If train or validation is missing or has no image, or a class has no image in one of them; where a
            model is judged, classes may lack images.
        InputError: If a class has a reserved name.
    """
    require_free(dataset.classes, dataset.source)
    for name in (SplitName.TRAIN, SplitName.VALIDATION):
        if name not in dataset.splits:
            found = ", ".join(key.value for key in dataset.splits) or "none"
            notes = "".join(f"; {note}" for note in dataset.notes)
            raise DataError(
                f"{dataset.source} has no {name.value} split (found: {found}); expected train and validation{notes}"
            )
        counts = dataset.splits[name].class_counts()
        empty = [dataset.classes[i] for i in np.flatnonzero(counts == 0)]
        if empty and not (dataset.choice.labels and counts.any()):
            raise DataError(f"{dataset.source}: no usable image of {', '.join(empty)} in the {name.value} split")
    findings = {name: Counter(dataset.findings.get(name, {})) for name in dataset.splits}
    examples = {finding: list(names) for finding, names in dataset.examples.items()}
    _count_pixel_faults(dataset.splits, findings, examples)
    return replace(dataset, findings=findings, examples=examples)


def note_finding(
    counts: Counter[ImageFault], examples: dict[ImageFault, list[str]], finding: ImageFault, name: str
) -> None:
    """Count a fault, and keep the image's name as an example while there are fewer than three."""
    counts[finding] += 1
    kept = examples.setdefault(finding, [])
    if len(kept) < 3:
        kept.append(name)


def recount(dataset: Dataset) -> Dataset:
    """Return `dataset` with the conversions of its images counted again; counts of left-out images stay."""
    findings = {
        name: Counter({fault: n for fault, n in dataset.findings.get(name, Counter()).items() if fault in _LEFT_OUT})
        for name in dataset.splits
    }
    examples = {fault: names for fault, names in dataset.examples.items() if fault in _LEFT_OUT}
    for split_name, split in dataset.splits.items():
        for name in split.names:
            for change in dataset.changes.get(name, ()):
                note_finding(findings[split_name], examples, change, name)
    return replace(dataset, findings=findings, examples=examples)


def _count_pixel_faults(
    splits: dict[SplitName, Split],
    findings: dict[SplitName, Counter[ImageFault]],
    examples: dict[ImageFault, list[str]],
) -> None:
    split_of: dict[str, SplitName] = {}
    for split_name, split in splits.items():
        for constant, name, digest in zip(split.constant(), split.names, digests(split.images).tolist(), strict=True):
            if constant:
                note_finding(findings[split_name], examples, ImageFault.CONSTANT, name)
            if digest not in split_of:
                split_of[digest] = split_name
                continue
            same_split = split_of[digest] is split_name
            finding = ImageFault.DUPLICATE_WITHIN if same_split else ImageFault.DUPLICATE_ACROSS
            note_finding(findings[split_name], examples, finding, name)
