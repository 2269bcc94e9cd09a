"""Choice of a data set's classes: which are joined, left out, or picked. No TensorFlow."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import DataError, ModelError
from fer_edge.labels import EXPRESSIONS
from fer_edge.names import printable

MOST_CLASSES = 100


@dataclass(frozen=True)
class ClassChoice:
    """Classes to make from those that a data set has; without any choice, all of them.

    Attributes:
        merge: Names of new classes, each with the classes that it joins.
        drop: Classes to leave out.
        classes: Classes to keep, in the order of the scores, after joining; empty for all, in alphabetical order.
    """

    merge: tuple[tuple[str, tuple[str, ...]], ...] = ()
    drop: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        joined = [part for _, parts in self.merge for part in parts]
        for what, names in (("joined", joined), ("dropped", self.drop), ("picked", self.classes)):
            if twice := sorted({name for name in names if list(names).count(name) > 1}):
                raise DataError(f"{twice[0]} is {what} twice; name each class once")
        for what, names in (("joined", joined), ("picked", self.classes)):
            if both := [name for name in names if name in self.drop]:
                raise DataError(f"{both[0]} is both {what} and dropped; choose one")

    def __bool__(self) -> bool:
        return bool(self.merge or self.drop or self.classes)

    def target(self, name: str) -> str | None:
        """Return the class that images of class `name` go into; None if they are left out."""
        if name in self.drop:
            return None
        new = next((new for new, parts in self.merge if name in parts), name)
        return None if new in self.drop or (self.classes and new not in self.classes) else new

    def named(self) -> tuple[str, ...]:
        """Return the names of the data set's own classes that the choice names."""
        new = {name for name, _ in self.merge}
        picked = (name for name in (*self.classes, *self.drop) if name not in new)
        return (*(part for _, parts in self.merge for part in parts), *picked)

    def as_facts(self) -> dict[str, list[str]]:
        """Return the joined classes as JSON, by the name of the class that they become."""
        return {new: list(parts) for new, parts in self.merge}

    @staticmethod
    def for_labels(labels: tuple[str, ...], merged: dict[str, list[str]] | None = None) -> ClassChoice:
        """Return the choice that gives a model's classes in the order of its scores.

        The seven expressions are chosen by no choice at all, in any order.

        Args:
            labels: The model's labels.
            merged: Joined classes, as `as_facts` returns them.
        """
        if sorted(labels) == sorted(EXPRESSIONS) and not merged:
            return ClassChoice()
        merge = tuple((new, tuple(parts)) for new, parts in (merged or {}).items() if new in labels)
        return ClassChoice(merge, (), labels)


ALL_CLASSES = ClassChoice()


def class_name(folder: str) -> str:
    """Return the class that a folder's name stands for: in lower case, without blanks around it.

    Letters with accents, which macOS and Linux may spell differently, become one character each (NFC).
    """
    return printable(unicodedata.normalize("NFC", folder.strip().lower()))


def parse_classes(text: str) -> tuple[str, ...]:
    """Read names with commas between.

    Raises:
        ValueError: If a name is missing.
    """
    names = tuple(class_name(name) for name in text.split(","))
    if not all(names):
        raise ValueError(f"expected names with commas between such as happy,neutral, got {text!r}")
    return names


def parse_merge(text: str) -> tuple[str, tuple[str, ...]]:
    """Read a class to make and those to join, such as `negative=angry,fear,sad`.

    Raises:
        ValueError: If it is something else.
    """
    new, equals, parts = text.partition("=")
    if not equals or not class_name(new):
        raise ValueError(f"expected a new class and those that it joins such as negative=angry,fear,sad, got {text!r}")
    return class_name(new), parse_classes(parts)


def merged_in(card: ModelCard) -> dict[str, list[str]]:
    """Return the joined classes in a card, which anyone may have written, as `ClassChoice.as_facts` returned them.

    Raises:
        ModelError: If they are no lists of names by name.
    """
    merged = card.training.get("merged", {})
    if not isinstance(merged, dict) or not all(_are_names(parts) for parts in merged.values()):
        raise ModelError(
            f"{card.name}: its model card is damaged or another tool's (merged: expected lists of classes, each by the "
            "name of the class that joins them); export the model again"
        )
    return merged


def _are_names(parts: object) -> bool:
    return isinstance(parts, list) and all(isinstance(part, str) for part in parts)
