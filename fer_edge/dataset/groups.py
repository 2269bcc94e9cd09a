"""Groups of images from a CSV file, such as the people in them by age or by camera. No TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Split
from fer_edge.dataset.named_rows import match_images, read_column, some_names
from fer_edge.dataset.truth import truth_of
from fer_edge.errors import DataError
from fer_edge.evaluation.groups import GroupComparison, compare_groups

NO_GROUP = -1
"""Value in `Groups.of` of an image without a group."""

_MOST_GROUPS = 100
"""Most groups; a column of free text or of ages in days has more."""


@dataclass(frozen=True)
class Groups:
    """Groups of N images.

    Attributes:
        names: Names of the groups, sorted.
        of: Each image's index into `names`, int64 (N,); `NO_GROUP` for an image without one.
        note: Sentence with the numbers of images with and without a group, and of names without an image.
    """

    names: tuple[str, ...]
    of: npt.NDArray[np.int64]
    note: str


def read_groups(path: Path, images: Sequence[str]) -> Groups:
    """Read the groups of images from a file with the columns image and group; other columns are ignored.

    Args:
        path: The file.
        images: Names of the images; the file may name them by their whole path or by a unique end of it.

    Raises:
        InputError: If the file is missing, no regular file, too large or no text.
        DataError: If it is no CSV, lacks a column, names an image twice or no image, or has fewer than two groups.
    """
    rows = read_column(path, "group")
    matched, unknown = match_images(path, rows, images)
    group_of = {image: rows[name] for image, name in matched.items() if rows[name]}
    names = tuple(sorted(set(group_of.values())))
    if not 2 <= len(names) <= _MOST_GROUPS:
        raise DataError(f"{path}: expected 2 to {_MOST_GROUPS} groups to compare, got {_counted(names)}")
    places = {name: i for i, name in enumerate(names)}
    of = np.array([places[group_of[image]] if image in group_of else NO_GROUP for image in images], np.int64)
    return Groups(names, of, _summary(path, of, unknown))


def compare_split(
    predicted: npt.NDArray[np.int64], split: Split, groups: Groups, classes: Sequence[str]
) -> GroupComparison:
    """Compare groups of a split's images, judged as `truth_of` says.

    Args:
        predicted: Predicted class of each image, int64 (N,).
        split: The images.
        groups: Their groups.
        classes: Names of the classes.

    Raises:
        DataError: If fewer than two groups have an image with an answer.
    """
    truth = truth_of(split)
    grouped = groups.of[truth.images] != NO_GROUP
    images = truth.images[grouped]
    present, group_of = np.unique(groups.of[images], return_inverse=True)
    if len(present) < 2:
        raise DataError(f"groups: expected images with an answer in two or more, got {len(present)}")
    return compare_groups(
        predicted[images],
        truth.classes[grouped],
        group_of,
        groups=[groups.names[i] for i in present],
        classes=classes,
        judged_by=truth.kind,
    )


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} ({some_names(names)})" if names else "none"


def _summary(path: Path, of: npt.NDArray[np.int64], unknown: list[str]) -> str:
    missing = int((of == NO_GROUP).sum())
    parts = [f"{path}: groups of {len(of) - missing:,} images"]
    if missing:
        parts.append(f"{missing:,} without a group are left out")
    if unknown:
        parts.append(f"{len(unknown):,} names without an image ({some_names(unknown)})")
    return "; ".join(parts)
