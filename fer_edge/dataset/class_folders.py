"""Class folders of a data set: which names are classes, and which are likely mistakes. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import takewhile
from pathlib import PurePosixPath

from fer_edge.dataset.class_choice import MOST_CLASSES, ClassChoice, class_name
from fer_edge.dataset.data import SplitName
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from fer_edge.names import printable, some

SPLITS = {
    "train": SplitName.TRAIN,
    "validation": SplitName.VALIDATION,
    "valid": SplitName.VALIDATION,
    "val": SplitName.VALIDATION,
    "test": SplitName.TEST,
}
"""Splits by the names of their folders."""

_LIKE_SPLITS = {
    "training",
    "testing",
    "trainset",
    "testset",
    "train_set",
    "test_set",
    "tests",
    "dev",
    "eval",
    "valid_set",
}
"""Names of folders that are splits elsewhere: never classes of a data set without split folders."""

_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".gif", ".jp2"}
_LEAST_IMAGES = 2
"""Images of a class that can be divided into training and validation."""
_SHOWN = 10
"""Classes that an error names: all seven expressions, but not a hundred."""


def split_of(folder: str) -> SplitName | None:
    """Return the split that a folder's name stands for; None if it is no split folder."""
    return SPLITS.get(folder.strip().lower())


def is_picture(path: PurePosixPath) -> bool:
    """Return whether a file has the ending of a picture."""
    return path.suffix.lower() in _PICTURES


def find_classes(source: str, folders: Iterable[tuple[SplitName, PurePosixPath]], choice: ClassChoice) -> list[str]:
    """Return the names of the classes, in alphabetical order.

    A class that is no expression must have a folder in each split, as otherwise a misspelt folder would be a class.

    Args:
        source: Name of the data set, for errors.
        folders: Split and path of each class folder.
        choice: Classes that the user named, which need no second folder.

    Raises:
        DataError: If a folder is likely misspelt, or there are too few or too many classes.
    """
    splits: dict[str, set[SplitName]] = {}
    paths: dict[str, PurePosixPath] = {}
    for split, path in folders:
        splits.setdefault(class_name(path.name), set()).add(split)
        paths.setdefault(class_name(path.name), path)
    expected = set().union(*splits.values()) & {SplitName.TRAIN, SplitName.VALIDATION, SplitName.TEST}
    named = choice.named()
    lone = [
        name for name, found in splits.items() if found != expected and name not in EXPRESSIONS and name not in named
    ]
    known = sorted(set(splits) - set(lone)) or list(EXPRESSIONS)
    for name in lone:
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        others = ", ".join(sorted(split.value for split in expected - splits[name]))
        raise DataError(
            f"{source}: unknown class folder {printable(str(paths[name]))}; the classes are "
            f"{some(known, shown=_SHOWN)}; {others} has none of that name{hint}"
        )
    if not 2 <= len(splits) <= MOST_CLASSES:
        raise DataError(
            f"{source}: expected 2 to {MOST_CLASSES} class folders, got {len(splits)} ({some(sorted(splits))}); each "
            "class needs a folder of its own"
        )
    return sorted(splits)


def find_lone_classes(paths: list[PurePosixPath]) -> tuple[str, ...] | None:
    """Return the folders above the class folders of a data set without split folders; None if there are none.

    They are the folders that all pictures have in common; the folders within are the classes. Each needs two pictures.
    """
    pictures = [path for path in paths if is_picture(path)]
    levels = zip(*(path.parts[:-1] for path in pictures), strict=False)
    root = tuple(parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, levels))
    counts: dict[str, int] = {}
    for path in pictures:
        if len(path.parts) > len(root) + 1:
            name = class_name(path.parts[len(root)])
            counts[name] = counts.get(name, 0) + 1
    are_classes = len(counts) >= 2 and not (_LIKE_SPLITS | set(SPLITS)) & set(counts)
    return root if are_classes and min(counts.values()) >= _LEAST_IMAGES else None
