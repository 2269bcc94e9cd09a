"""Labelled faces in memory. No TensorFlow."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice
from fer_edge.dataset.votes import Votes
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import FER2013_FORM, PictureForm

FACE_SIZE = FER2013_FORM.width
"""Side of a face, pixels."""


class SplitName(str, Enum):
    """Splits of a data set."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class ImageFault(str, Enum):
    """Fault of an image, and its treatment."""

    NOT_AN_IMAGE = "not an image (left out)"
    TOO_LARGE = "too large (left out)"
    UNREADABLE = "cannot be read (left out)"
    RESIZED = "not 48x48 (resized)"
    RESIZED_TO_FORM = "of another size (resized)"
    COLOUR = "colour (converted to gray)"
    GRAY_TO_COLOUR = "gray (three equal channels)"
    CONSTANT = "constant, such as all black (kept)"
    DUPLICATE_WITHIN = "exact duplicate within its split (kept)"
    DUPLICATE_ACROSS = "exact duplicate of another split's (kept)"


@dataclass(frozen=True)
class Split:
    """Images of one split, with labels and perhaps votes.

    Attributes:
        images: uint8 (N, H, W) gray or (N, H, W, 3) RGB, 0..255; 48x48 gray unless another form was asked for.
        labels: int64 (N,), indices into `classes`.
        names: N names of the images' files or lines, unique within the data set.
        votes: People's votes on the images; None if there are none.
        classes: Names of the classes, in the order of all scores.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]
    votes: Votes | None = None
    classes: tuple[str, ...] = EXPRESSIONS

    def __post_init__(self) -> None:
        count, shape = len(self.names), self.images.shape
        is_picture = len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)
        if not is_picture or shape[0] != count or self.images.dtype != np.uint8:
            raise ValueError(
                f"expected uint8 ({count}, H, W) or ({count}, H, W, 3), got {self.images.dtype} {self.images.shape}"
            )
        if self.labels.shape != (count,):
            raise ValueError(f"expected {count} labels, got shape {self.labels.shape}")
        if self.votes is not None and len(self.votes) != count:
            raise ValueError(f"expected votes on {count} images, got {len(self.votes)}")

    def __len__(self) -> int:
        return len(self.names)

    def inputs(self) -> npt.NDArray[np.float32]:
        """Return the images as network input, float32 (N, H, W, channels), 0..255."""
        return as_inputs(self.images)

    @property
    def form(self) -> PictureForm:
        """Size and colour of the images."""
        return PictureForm.of_images(self.images)

    def constant(self) -> npt.NDArray[np.bool_]:
        """Return which images have the same gray level or colour everywhere, such as all black: bool (N,)."""
        flat = self.images.min(axis=(1, 2)) == self.images.max(axis=(1, 2))
        return np.asarray(flat.reshape(len(self), self.form.channels).all(axis=1))

    def class_counts(self) -> npt.NDArray[np.int64]:
        """Return the number of images of each class, int64 (classes,)."""
        return np.bincount(self.labels, minlength=len(self.classes))

    def take(self, indices: npt.NDArray[np.int64]) -> Split:
        """Return the images at `indices`, in that order."""
        votes = None if self.votes is None else self.votes.take(indices)
        names = tuple(self.names[i] for i in indices)
        return Split(self.images[indices], self.labels[indices], names, votes, self.classes)

    def spread(self, count: int) -> Split:
        """Return `count` evenly spaced images, or all if there are fewer."""
        return self.take(np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64))


@dataclass(frozen=True)
class Dataset:
    """Labelled faces, split.

    Attributes:
        source: File, folder or word that the faces were read from.
        splits: `train` and `validation`, and `test` where the source has one.
        findings: Number of images of each split with each fault.
        examples: Names of a few images with each fault.
        notes: Decisions taken while reading, for the user.
        changes: Conversions of images that were kept, by their names.
        sources: Folders, or the source's own classes, that each class is made of, where they are known.
        choice: Choice by which the classes were made from the source's own.
        left_out_classes: The source's own classes whose images the choice left out.
    """

    source: str
    splits: dict[SplitName, Split]
    findings: dict[SplitName, Counter[ImageFault]] = field(default_factory=dict)
    examples: dict[ImageFault, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    changes: dict[str, tuple[ImageFault, ...]] = field(default_factory=dict)
    sources: dict[str, tuple[str, ...]] = field(default_factory=dict)
    choice: ClassChoice = ALL_CLASSES
    left_out_classes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of all scores."""
        return next((split.classes for split in self.splits.values()), EXPRESSIONS)

    def class_parts(self) -> dict[str, tuple[str, ...]]:
        """Return the source's own classes that each class joins, by its name, in the order of the labels."""
        return {name: self.choice.parts(name) for name in self.classes}

    @property
    def name(self) -> str:
        """Name of the source without its folder, fit to be published in a card."""
        return PurePath(self.source).name

    @property
    def train(self) -> Split:
        """Split that networks are trained and calibrated on."""
        return self.splits[SplitName.TRAIN]

    @property
    def validation(self) -> Split:
        """Split that models are selected and evaluated on."""
        return self.splits[SplitName.VALIDATION]

    def split(self, name: str) -> Split:
        """Return the split called `name`.

        Raises:
            DataError: If there is none of that name.
        """
        for key, split in self.splits.items():
            if key.value == name:
                return split
        raise DataError(f"{self.source} has no {name} split; it has {', '.join(k.value for k in self.splits)}")

    def sha256(self) -> str:
        """Return the SHA-256 of the images and labels of all splits, in hexadecimal."""
        digest = hashlib.sha256()
        for name in sorted(self.splits):
            digest.update(self.splits[name].images.tobytes())
            digest.update(self.splits[name].labels.tobytes())
        if self.classes != EXPRESSIONS:
            digest.update("\n".join(self.classes).encode())
        return digest.hexdigest()

    def votes_sha256(self) -> str | None:
        """Return the SHA-256 of the votes on the images of all splits; None if there are none."""
        votes = [split.votes.counts for _, split in sorted(self.splits.items()) if split.votes is not None]
        return hashlib.sha256(b"".join(counts.tobytes() for counts in votes)).hexdigest() if votes else None

    def require_clean(self) -> None:
        """Raise `DataError`, with a count and an example of each fault, if any was found."""
        total: Counter[ImageFault] = sum(self.findings.values(), Counter())
        if total:
            faults = "; ".join(
                f"{count} {finding.value.split(' (')[0]}, e.g. {self.examples[finding][0]}"
                for finding, count in total.items()
            )
            raise DataError(
                f"{self.source} has faults: {faults}; mend or remove these images, or do not ask for strict checks"
            )


def as_inputs(images: npt.NDArray[np.generic]) -> npt.NDArray[np.float32]:
    """Return images (N, H, W) or (N, H, W, 3) as network input, float32 (N, H, W, channels)."""
    return np.asarray(images if images.ndim == 4 else images[..., np.newaxis]).astype(np.float32)


def digests(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.str_]:
    """Return the SHA-256 of each image's pixels, N hexadecimal strings: equal for exact duplicates.

    Args:
        images: uint8 (N, H, W) or (N, H, W, 3).
    """
    return np.array([hashlib.sha256(image.tobytes()).hexdigest() for image in images])
