"""Division of pictures into training and validation, so that no person, moment or near-copy is on both sides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import numpy as np
import numpy.typing as npt

from fer_edge.arrays import IntArray
from fer_edge.collection.folders import ClassPicture
from fer_edge.dataset.copies import connect
from fer_edge.dataset.data import SplitName
from fer_edge.dataset.near_copies import near_copies
from fer_edge.errors import DataError

_MOMENT = re.compile(r"(\d{8})[-_T](\d{6})")
"""Date and time in a file's name, as `fer-edge data collect` and cameras write them."""


class GroupedBy(str, Enum):
    """Property of pictures that stay together on one side."""

    PERSON = "person"
    TIME = "time"
    COPIES = "copies"


@dataclass(frozen=True)
class Division:
    """A division of pictures.

    Attributes:
        splits: Split of each picture.
        groups: Number of groups that were kept together.
        joined: Number of near-copies that joined groups.
    """

    splits: tuple[SplitName, ...]
    groups: int
    joined: int


def divide(
    pictures: Sequence[ClassPicture],
    grouped_by: GroupedBy,
    *,
    share: float = 0.2,
    gap_s: float = 60.0,
    people: dict[str, str] | None = None,
    seed: int = 0,
) -> Division:
    """Divide pictures into training and validation.

    Args:
        pictures: The pictures.
        grouped_by: Property of pictures that stay together besides near-copies, which always do.
        share: Share of each class for validation, 0..1; groups are whole, so it is met as nearly as they allow.
        gap_s: Pause that ends a series of pictures, for `GroupedBy.TIME`, seconds.
        people: Person in each picture, by its place; without it, a name's part before the first `_` or `-` is the
            person.
        seed: Seed of the order in which groups are taken.

    Raises:
        DataError: If a person or time is unknown, or a class cannot be on both sides.
    """
    of_group = _group(pictures, grouped_by, gap_s, people)
    first = {group: i for i, group in reversed(list(enumerate(of_group.tolist())))}
    same = np.array([(first[group], i) for i, group in enumerate(of_group.tolist())], np.int64)
    copies = near_copies(np.stack([each.face for each in pictures]))
    joined = int((of_group[copies[:, 0]] != of_group[copies[:, 1]]).sum()) if len(copies) else 0
    groups = connect(len(pictures), np.concatenate([same, copies]))
    labels = [each.label for each in pictures]
    chosen = _choose(groups, labels, share, seed)
    _require_both(labels, np.isin(groups, list(chosen)), grouped_by)
    splits = tuple(SplitName.VALIDATION if group in chosen else SplitName.TRAIN for group in groups.tolist())
    return Division(splits, len(set(groups.tolist())), joined)


def _group(
    pictures: Sequence[ClassPicture], grouped_by: GroupedBy, gap_s: float, people: dict[str, str] | None
) -> IntArray:
    """Return a number of the group that each picture belongs to, int64 (N,)."""
    if grouped_by is GroupedBy.PERSON:
        return _by_person(pictures, people)
    if grouped_by is GroupedBy.TIME:
        return _by_time(pictures, gap_s)
    return np.arange(len(pictures))


def _by_person(pictures: Sequence[ClassPicture], people: dict[str, str] | None) -> IntArray:
    names = []
    for each in pictures:
        place = str(each.place)
        name = _person_in(each.place.stem) if people is None else people.get(place, "")
        if not name:
            raise DataError(
                f"{place}: expected to know who it shows: name files PERSON_..., or list image and person in a CSV file"
            )
        names.append(name)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _person_in(stem: str) -> str:
    """Return a file's name up to its first `_`, or its first `-` without one; empty if it has neither."""
    person, separator, _ = stem.partition("_" if "_" in stem else "-")
    return person if separator else ""


def _by_time(pictures: Sequence[ClassPicture], gap_s: float) -> IntArray:
    moments = np.array([_moment(each) for each in pictures])
    order = np.argsort(moments, kind="stable")
    series = np.concatenate([[0], np.cumsum(np.diff(moments[order]) > gap_s)])
    of_group = np.empty(len(pictures), np.int64)
    of_group[order] = series
    return of_group


def _moment(picture: ClassPicture) -> float:
    """Return the time in a picture's name, else the file's date, in seconds."""
    match = _MOMENT.search(picture.place.stem)
    if match is not None:
        with suppress(ValueError):  # digits that are no date
            return datetime.strptime("".join(match.groups()), "%Y%m%d%H%M%S").timestamp()
    return picture.path.stat().st_mtime


def _choose(groups: IntArray, labels: Sequence[str], share: float, seed: int) -> set[int]:
    """Return the groups for validation: in random order, each that brings the classes nearer to their shares."""
    wanted = {label: share * count for label, count in Counter(labels).items()}
    content: dict[int, Counter[str]] = {}
    for group, label in zip(groups.tolist(), labels, strict=True):
        content.setdefault(group, Counter())[label] += 1
    order = np.random.default_rng(seed).permutation(sorted(content)).tolist()
    chosen, have = set[int](), Counter[str]()
    for group in sorted(order, key=lambda each: -content[each].total()):  # stable: large ones first, else at random
        before = sum(abs(wanted[label] - have[label]) for label in content[group])
        after = sum(abs(wanted[label] - have[label] - count) for label, count in content[group].items())
        if after < before:
            chosen.add(group)
            have += content[group]
    return chosen | _smallest_of_lacking(content, chosen, wanted.keys() - have.keys())


def _smallest_of_lacking(content: dict[int, Counter[str]], chosen: set[int], lacking: Iterable[str]) -> set[int]:
    """Return the smallest group of each class that has none in validation, if another group of it stays."""
    added = set[int]()
    for label in sorted(lacking):
        groups = [group for group, counts in content.items() if counts[label] and group not in chosen | added]
        if len(groups) > 1:
            added.add(min(groups, key=lambda each: (content[each].total(), each)))
    return added


def _require_both(labels: Sequence[str], validates: npt.NDArray[np.bool_], grouped_by: GroupedBy) -> None:
    for label in sorted(set(labels)):
        sides = set(validates[np.array(labels) == label].tolist())
        if len(sides) < 2:
            advice = {
                GroupedBy.PERSON: "collect it from two people or more, or divide by time",
                GroupedBy.TIME: "collect it at two times or more, shorten the gap, or divide by copies",
                GroupedBy.COPIES: "collect pictures that are no near-copies of each other",
            }[grouped_by]
            raise DataError(f"{label}: it cannot be divided by {grouped_by.value}: {advice}")
