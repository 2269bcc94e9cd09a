"""Labelled faces in memory: the splits, and what was found wrong with them. No TensorFlow."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.votes import Votes
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS, NUM_EXPRESSIONS

FACE_SIZE = 48
"""Side of a training face in pixels."""


class SplitName(str, Enum):
    """The parts of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class ImageFault(str, Enum):
    """What can be wrong with an image, and what is done about it."""

    NOT_AN_IMAGE = "not an image (left out)"
    TOO_LARGE = "too large (left out)"
    UNREADABLE = "cannot be read (left out)"
    RESIZED = "not 48x48 (resized)"
    COLOUR = "colour (converted to gray)"
    CONSTANT = "constant, such as all black (kept)"
    DUPLICATE_WITHIN = "exact duplicate within its split (kept)"
    DUPLICATE_ACROSS = "exact duplicate of another split's (kept)"


@dataclass(frozen=True)
class Split:
    """One part of a data set.

    Attributes:
        images: uint8 (N, 48, 48), gray, 0..255.
        labels: int64 (N,), indices into `EXPRESSIONS`.
        names: Where each image came from, N strings, unique within the data set.
        votes: What people see in each image; `None` if nobody is known to have been asked.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]
    votes: Votes | None = None

    def __post_init__(self) -> None:
        shape = (len(self.names), FACE_SIZE, FACE_SIZE)
        if self.images.shape != shape or self.images.dtype != np.uint8:
            raise ValueError(f"expected uint8 {shape}, got {self.images.dtype} {self.images.shape}")
        if self.labels.shape != shape[:1]:
            raise ValueError(f"expected {shape[0]} labels, got shape {self.labels.shape}")
        if self.votes is not None and len(self.votes) != shape[0]:
            raise ValueError(f"expected votes on {shape[0]} images, got {len(self.votes)}")

    def __len__(self) -> int:
        return len(self.names)

    def inputs(self) -> npt.NDArray[np.float32]:
        """The images as a network takes them: float32 (N, 48, 48, 1), still 0..255."""
        return self.images[..., np.newaxis].astype(np.float32)

    def constant(self) -> npt.NDArray[np.bool_]:
        """Which images have the same value everywhere, such as all black: bool (N,)."""
        flat: npt.NDArray[np.bool_] = self.images.min(axis=(1, 2)) == self.images.max(axis=(1, 2))
        return flat

    def class_counts(self) -> npt.NDArray[np.int64]:
        """How many images each expression has, (7,)."""
        return np.bincount(self.labels, minlength=NUM_EXPRESSIONS)

    def take(self, indices: npt.NDArray[np.int64]) -> Split:
        """The images at `indices`, in that order."""
        votes = None if self.votes is None else self.votes.take(indices)
        return Split(self.images[indices], self.labels[indices], tuple(self.names[i] for i in indices), votes)

    def spread(self, count: int) -> Split:
        """So many images, evenly spaced, or all if there are fewer."""
        return self.take(np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64))


@dataclass(frozen=True)
class Dataset:
    """Labelled faces, split.

    Attributes:
        source: What it was read from, as a reader would name it.
        splits: `train` and `validation`, and `test` where the source has one.
        findings: How many images of each split showed each fault.
        examples: For each fault, the names of a few images that showed it.
        notes: Decisions taken while reading that the user should know of.
        changes: What was changed in images that are kept, by their names.
    """

    source: str
    splits: dict[SplitName, Split]
    findings: dict[SplitName, Counter[ImageFault]] = field(default_factory=dict)
    examples: dict[ImageFault, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    changes: dict[str, tuple[ImageFault, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The source without its folder, fit to be published in a card."""
        return PurePath(self.source).name

    @property
    def train(self) -> Split:
        """The split that weights and calibration come from."""
        return self.splits[SplitName.TRAIN]

    @property
    def validation(self) -> Split:
        """The split that models are chosen on."""
        return self.splits[SplitName.VALIDATION]

    def split(self, name: str) -> Split:
        """The split called `name`.

        Raises:
            DataError: If the source has none of that name.
        """
        for key, split in self.splits.items():
            if key.value == name:
                return split
        raise DataError(f"{self.source} has no {name} split; it has {', '.join(k.value for k in self.splits)}")

    def sha256(self) -> str:
        """Digest of every split's images and labels, so of what a model learned from."""
        digest = hashlib.sha256()
        for name in sorted(self.splits):
            digest.update(self.splits[name].images.tobytes())
            digest.update(self.splits[name].labels.tobytes())
        return digest.hexdigest()

    def votes_sha256(self) -> str | None:
        """Digest of people's votes on every split's images; `None` if there are none."""
        votes = [split.votes.counts for _, split in sorted(self.splits.items()) if split.votes is not None]
        return hashlib.sha256(b"".join(counts.tobytes() for counts in votes)).hexdigest() if votes else None

    def require_clean(self) -> None:
        """Raise `DataError` naming every kind of fault found, if any was (`--strict`)."""
        total: Counter[ImageFault] = sum(self.findings.values(), Counter())
        if total:
            faults = "; ".join(
                f"{count} {finding.value.split(' (')[0]}, e.g. {self.examples[finding][0]}"
                for finding, count in total.items()
            )
            raise DataError(f"--strict: {self.source} has faults: {faults}")


def digests(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.str_]:
    """SHA-256 of each image's pixels, (N,), in hexadecimal: equal for exact duplicates.

    Args:
        images: uint8 (N, H, W).
    """
    return np.array([hashlib.sha256(image.tobytes()).hexdigest() for image in images])


def check_splits(dataset: Dataset) -> Dataset:
    """Return `dataset` with constant and duplicate images counted.

    Raises:
        DataError: If train or validation is missing, or an expression has no image in one of them.
    """
    for name in (SplitName.TRAIN, SplitName.VALIDATION):
        if name not in dataset.splits:
            found = ", ".join(key.value for key in dataset.splits) or "none"
            notes = "".join(f"; {note}" for note in dataset.notes)
            raise DataError(
                f"{dataset.source} has no {name.value} split (found: {found}); expected train and validation{notes}"
            )
        counts = dataset.splits[name].class_counts()
        empty = [EXPRESSIONS[i] for i in np.flatnonzero(counts == 0)]
        if empty:
            raise DataError(f"{dataset.source}: no usable image of {', '.join(empty)} in the {name.value} split")
    findings = {name: Counter(dataset.findings.get(name, {})) for name in dataset.splits}
    examples = {finding: list(names) for finding, names in dataset.examples.items()}
    _count_pixel_faults(dataset.splits, findings, examples)
    return replace(dataset, findings=findings, examples=examples)


def note_finding(
    counts: Counter[ImageFault], examples: dict[ImageFault, list[str]], finding: ImageFault, name: str
) -> None:
    """Count `finding`, and keep `name` as an example of it if there are few yet."""
    counts[finding] += 1
    kept = examples.setdefault(finding, [])
    if len(kept) < 3:
        kept.append(name)


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
