"""Choice of a data set's classes: which are joined, left out, or picked. No TensorFlow."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

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
        labels: Labels of a model to judge, in the order of its scores: the classes whatever images the data set has;
            images of others are left out. Empty to take the classes from the data set.
    """

    merge: tuple[tuple[str, tuple[str, ...]], ...] = ()
    drop: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        joined = [part for _, parts in self.merge for part in parts]
        for what, names in (("joined", joined), ("dropped", self.drop), ("picked", self.classes)):
            if twice := sorted({name for name in names if list(names).count(name) > 1}):
                raise DataError(f"{twice[0]} is {what} twice; name each class once")
        for what, names in (("joined", joined), ("picked", self.classes)):
            if both := [name for name in names if name in self.drop]:
                raise DataError(f"{both[0]} is both {what} and dropped; choose one")

    def __bool__(self) -> bool:
        return bool(self.merge or self.drop or self.classes or self.labels)

    def target(self, name: str) -> str | None:
        """Return the class that images of class `name` go into; None if they are left out."""
        if name in self.drop:
            return None
        new = next((new for new, parts in self.merge if name in parts), name)
        left_out = new in self.drop or any(only and new not in only for only in (self.classes, self.labels))
        return None if left_out else new

    def parts(self, name: str) -> tuple[str, ...]:
        """Return the data set's own classes that class `name` joins: itself alone unless the choice joins some."""
        return dict(self.merge).get(name, (name,))

    def named(self) -> tuple[str, ...]:
        """Return the names of the data set's own classes that the choice names."""
        new = {name for name, _ in self.merge}
        picked = (name for name in (*self.classes, *self.drop, *self.labels) if name not in new)
        return (*(part for _, parts in self.merge for part in parts), *picked)

    @staticmethod
    def for_model(card: ModelCard, classes: tuple[str, ...] = ()) -> ClassChoice:
        """Return the choice by which a model is judged: its labels, joined and left out as in its training.

        The seven expressions are in alphabetical order, whatever their order in the model.

        Args:
            card: The model's card.
            classes: Classes whose images are judged; empty for all that the model was trained to tell apart.

        Raises:
            ModelError: If the card's facts on its classes are damaged.
        """
        merge = tuple((new, tuple(parts)) for new, parts in _merged_in(card).items() if new in card.labels)
        kept = {*card.labels, *(part for _, parts in merge for part in parts)}
        drop = () if classes else tuple(name for name in _left_out_in(card) if name not in kept)
        seven = sorted(card.labels) == sorted(EXPRESSIONS) and not merge
        return ClassChoice(merge, drop, classes, EXPRESSIONS if seven else card.labels)


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


def class_facts(choice: ClassChoice, left_out: tuple[str, ...]) -> dict[str, Any]:
    """Return facts for a card on the classes that were joined, and on those that were left out; empty without any."""
    merged = {new: list(parts) for new, parts in choice.merge}
    return {**({"merged": merged} if merged else {}), **({"left_out_classes": list(left_out)} if left_out else {})}


def _merged_in(card: ModelCard) -> dict[str, list[str]]:
    """Return the joined classes in a card, which anyone may have written, as `class_facts` returned them."""
    merged = card.training.get("merged", {})
    if not isinstance(merged, dict) or not all(_are_names(parts) for parts in merged.values()):
        raise _damaged(card, "merged: expected lists of classes, each by the name of the class that joins them")
    return merged


def _left_out_in(card: ModelCard) -> list[str]:
    """Return the classes that were left out in training, by a card which anyone may have written."""
    left_out: list[str] = card.training.get("left_out_classes", [])
    if not _are_names(left_out):
        raise _damaged(card, "left_out_classes: expected a list of classes")
    return list(dict.fromkeys(left_out))


def _are_names(parts: object) -> bool:
    return isinstance(parts, list) and all(isinstance(part, str) for part in parts)


def _damaged(card: ModelCard, fault: str) -> ModelError:
    return ModelError(f"{card.name}: its model card is damaged or another tool's ({fault}); export the model again")
