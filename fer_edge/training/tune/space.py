"""What a search can vary: the parts of a recipe, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from keras_tuner import HyperParameters

from fer_edge.errors import InputError
from fer_edge.training.recipe import Recipe


@dataclass(frozen=True)
class Range:
    """Any number between two ends, drawn evenly, or evenly on a logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and not self.low > 0):
            above = " above 0" if self.log else ""
            raise InputError(f"expected a range LOW:HIGH with LOW below HIGH{above}, got {self.low:g}:{self.high:g}")

    def read(self, text: str) -> Range:
        """The same with the ends in `text`, as LOW:HIGH."""
        low, _, high = text.partition(":")
        try:
            return replace(self, low=float(low), high=float(high))
        except ValueError as error:
            raise InputError(f"expected a range LOW:HIGH, got {text!r}") from error

    def declare(self, name: str, space: HyperParameters) -> None:
        """Add it to KerasTuner's search space."""
        space.Float(name, self.low, self.high, sampling="log" if self.log else "linear")

    def value(self, drawn: Any) -> float:
        """What is trained with: three digits, so that it can be typed again."""
        return float(f"{drawn:.3g}")

    @property
    def extremes(self) -> tuple[float, ...]:
        """Values that the recipe must be able to take."""
        return self.low, self.high


@dataclass(frozen=True)
class Choices:
    """One of a few values, all of one type."""

    values: tuple[Any, ...]

    def read(self, text: str) -> Choices:
        """Those in `text` instead, with commas between them."""
        try:
            values = tuple(type(self.values[0])(word) for word in text.split(","))
        except ValueError as error:
            raise InputError(f"expected values such as {self}, got {text!r}") from error
        if isinstance(self.values[0], str) and not set(values) <= set(self.values):
            raise InputError(f"expected some of {self}, got {text!r}")
        return Choices(values)

    def declare(self, name: str, space: HyperParameters) -> None:
        """Add it to KerasTuner's search space."""
        space.Choice(name, list(self.values))

    def value(self, drawn: Any) -> Any:
        """What is trained with."""
        return drawn

    @property
    def extremes(self) -> tuple[Any, ...]:
        """Values that the recipe must be able to take."""
        return self.values

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


Space = dict[str, Range | Choices]

SPACE: Space = {
    "learning_rate": Range(1e-4, 1e-2, log=True),
    "weight_decay": Range(1e-3, 0.3, log=True),
    "batch_size": Choices((32, 64, 128, 256)),
    "ema": Choices((0.0, 0.99, 0.995, 0.998, 0.999)),
    "shift": Range(0, 0.2),
    "scale": Range(0, 0.3),
    "rotate": Range(0, 25),
    "brightness": Range(0, 0.3),
    "contrast": Range(0, 0.5),
    "erase": Range(0, 0.5),
    "mixup": Range(0, 0.4),
    "label_smoothing": Range(0, 0.2),
    "class_balance": Choices(("none", "sqrt", "full")),
    "distill_weight": Range(0.3, 1),
    "distill_temperature": Range(1, 6),
}
"""The fields of `Recipe` that can be searched over, and how far."""

DEFAULT_OVER = ("learning_rate", "weight_decay", "mixup", "label_smoothing", "erase")


def read_space(over: Sequence[str], recipe: Recipe) -> Space:
    """The search space that is asked for.

    Args:
        over: Names in `SPACE`, each alone or with a range (`mixup=0:0.3`) or choices (`batch_size=64,128`) of its own.
        recipe: What the parts belong to.

    Raises:
        InputError: If a name is unknown, or the recipe cannot take a value.
    """
    space = dict(_read_part(text) for text in over)
    for name, part in space.items():
        if name.startswith("distill") and not recipe.teachers:
            raise InputError(f"{name} has no effect without a teacher: give one with --distill, or leave it out")
        for value in part.extremes:
            change: dict[str, Any] = {name: value}
            replace(recipe, **change)  # refuses what it cannot be
    return space


def _read_part(text: str) -> tuple[str, Range | Choices]:
    name, given, values = text.partition("=")
    name = name.strip().replace("-", "_")
    if name not in SPACE:
        near = get_close_matches(name, SPACE, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(SPACE)}"
        raise InputError(f"cannot search over {name!r}; {hint}")
    return name, SPACE[name].read(values) if given else SPACE[name]
