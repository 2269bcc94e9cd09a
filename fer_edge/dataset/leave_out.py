"""Lists of training images to leave out: one name per line, for people to review. No TensorFlow."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.errors import DataError
from fer_edge.files import read_text_file
from fer_edge.names import some

_COMMENT = re.compile(r"(^\s*|\s{2,}|\t)#.*")
"""Comment: at the start of a line, or after two blanks, since `face #1.png` is a name."""


def format_list(heading: Iterable[str], entries: Iterable[tuple[str, str]]) -> str:
    """Return the text of a list, with a remark on each image.

    Args:
        heading: Lines above the list.
        entries: Name of each image, as in `Split.names`, and the remark.
    """
    lines = [*(f"# {line}".rstrip() for line in heading), *(f"{name}  # {remark}" for name, remark in entries)]
    return "\n".join(lines) + "\n"


def read_list(path: Path) -> tuple[str, ...]:
    """Return the names in a list.

    Args:
        path: Text with one name per line; a `#` at the start of a line or after two blanks begins a comment.

    Raises:
        InputError: If the file is missing or no text.
    """
    text = read_text_file(path, "text with one image's name per line, as fer-edge data audit writes it")
    lines = text.splitlines()
    return tuple(name for line in lines if (name := _COMMENT.sub("", line).strip()))


def leave_out(dataset: Dataset, names: Collection[str]) -> Dataset:
    """Return the labelled faces without some training images.

    Only training images can be left out: results on a cleaned validation split would not be comparable with others'.

    Args:
        dataset: Labelled faces.
        names: Names of training images, as in `Split.names`.

    Raises:
        DataError: If a name belongs to another split or to none, or an expression would lose all its images.
    """
    left_out = set(names)
    for split_name, split in dataset.splits.items():
        if split_name is not SplitName.TRAIN and (shared := left_out & set(split.names)):
            raise DataError(
                f"only training images can be left out: remove {_some(names, shared)} of the {split_name.value} split "
                "from the list"
            )
    if unknown := left_out - set(dataset.train.names):
        raise DataError(
            f"{dataset.source} has no training image {_some(names, unknown)}; names to leave out look like "
            f"{dataset.train.names[0]}"
        )
    kept = dataset.train.take(np.flatnonzero([name not in left_out for name in dataset.train.names]))
    if empty := [dataset.classes[i] for i in np.flatnonzero(kept.class_counts() == 0)]:
        raise DataError(f"the list of images to leave out has every training image of {', '.join(empty)}; shorten it")
    return replace(dataset, splits={**dataset.splits, SplitName.TRAIN: kept})


def _some(names: Collection[str], chosen: Collection[str]) -> str:
    """Join the first few of `chosen`, in the order of `names`, and the number of further ones."""
    return some([name for name in dict.fromkeys(names) if name in chosen])
