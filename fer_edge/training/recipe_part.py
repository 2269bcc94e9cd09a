"""Facts about a part of a recipe: its help, its bounds and the values that a search tries."""

from __future__ import annotations

import math
from dataclasses import Field, dataclass, field, replace
from typing import Any, TypeVar

from fer_edge.errors import InputError

_Value = TypeVar("_Value")
_PART = "part"


@dataclass(frozen=True)
class Bounds:
    """Interval that a number must lie in.

    Attributes:
        low: Lower end.
        high: Upper end; infinite for none.
        low_excluded: Whether `low` itself is out of bounds.
        high_excluded: Whether `high` itself is out of bounds.
    """

    low: float
    high: float = math.inf
    low_excluded: bool = False
    high_excluded: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_excluded else value >= self.low
        return above and (value < self.high if self.high_excluded else value <= self.high)

    def __str__(self) -> str:
        low = f"{'above' if self.low_excluded else 'at least'} {self.low:.10g}"
        if math.isinf(self.high):
            return low
        return f"{low} and {'below' if self.high_excluded else 'at most'} {self.high:.10g}"


POSITIVE = Bounds(0, low_excluded=True)
NOT_NEGATIVE = Bounds(0)
AT_LEAST_ONE = Bounds(1)
SHARE = Bounds(0, 1)
BELOW_ONE = Bounds(0, 1, high_excluded=True)


@dataclass(frozen=True)
class Range:
    """Numbers between two ends that a search draws from, evenly or evenly in the logarithm."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and not self.low > 0):
            above = " above 0" if self.log else ""
            raise InputError(f"expected a range LOW:HIGH with LOW below HIGH{above}, got {self.low:g}:{self.high:g}")

    def read(self, text: str) -> Range:
        """Return the same kind of range with the ends in `text`, as LOW:HIGH.

        Raises:
            InputError: If `text` is no such range.
        """
        low, _, high = text.partition(":")
        try:
            return replace(self, low=float(low), high=float(high))
        except ValueError as error:
            raise InputError(f"expected a range LOW:HIGH, got {text!r}") from error

    def value(self, proposed: Any) -> float:
        """Return a proposed number as it is trained with: to three digits, so that it can be typed again."""
        return float(f"{proposed:.3g}")

    @property
    def extremes(self) -> tuple[float, ...]:
        """Both ends, which the recipe must accept."""
        return self.low, self.high


@dataclass(frozen=True)
class Choices:
    """Values of one type that a search chooses from."""

    values: tuple[Any, ...]

    def read(self, text: str) -> Choices:
        """Return the values in `text`, separated by commas, as choices.

        Raises:
            InputError: If one is of another type, or a word that is not among these.
        """
        try:
            values = tuple(type(self.values[0])(word) for word in text.split(","))
        except ValueError as error:
            raise InputError(f"expected values such as {self}, got {text!r}") from error
        if isinstance(self.values[0], str) and not set(values) <= set(self.values):
            raise InputError(f"expected some of {self}, got {text!r}")
        return Choices(values)

    def value(self, proposed: Any) -> Any:
        """Return a proposed value, which is trained with as it is."""
        return proposed

    @property
    def extremes(self) -> tuple[Any, ...]:
        """All values, which the recipe must accept."""
        return self.values

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


@dataclass(frozen=True)
class Part:
    """Facts about a field of a recipe.

    Attributes:
        help: Sentence that the command line shows.
        bounds: Values that it accepts; None for any.
        search: Values that a search tries by default; None if it cannot be searched over.
    """

    help: str
    bounds: Bounds | None = None
    search: Range | Choices | None = None


def part(default: _Value, help: str, bounds: Bounds | None = None, search: Range | Choices | None = None) -> _Value:
    """Return a dataclass field with a default and the facts about it."""
    return field(default=default, metadata={_PART: Part(help, bounds, search)})


def part_of(of: Field[Any]) -> Part | None:
    """Return the facts about a field; None if it was not made by `part`."""
    known: Part | None = of.metadata.get(_PART)
    return known
