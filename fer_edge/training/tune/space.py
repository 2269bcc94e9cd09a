"""Search space: the parts of a recipe that a search varies, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from fer_edge.errors import InputError
from fer_edge.training.recipe import PARTS, Recipe
from fer_edge.training.recipe_part import Choices, Range

Space = dict[str, Range | Choices]

SPACE: Space = {name: part.search for name, part in PARTS.items() if part.search is not None}
"""Fields of `Recipe` that can be searched over, with their default values."""

DEFAULT_OVER = ("learning_rate", "weight_decay", "mixup", "label_smoothing", "erase")
"""Fields that are searched over by default."""


def read_space(over: Sequence[str], recipe: Recipe) -> Space:
    """Read a search space.

    Args:
        over: Names in `SPACE`, each alone or with a range (`mixup=0:0.3`) or choices (`batch_size=64,128`) of its own.
        recipe: Recipe that the parts belong to.

    Raises:
        InputError: If a name is unknown, or the recipe does not accept a value.
    """
    space = dict(_read_part(text) for text in over)
    for name, values in space.items():
        if name.startswith("distill") and not recipe.teachers:
            raise InputError(f"{name} has no effect without a teacher: add one, or leave {name} out")
        for value in values.extremes:
            change: dict[str, Any] = {name: value}
            replace(recipe, **change)  # raises if it is out of bounds
    return space


def _read_part(text: str) -> tuple[str, Range | Choices]:
    name, given, values = text.partition("=")
    name = name.strip().replace("-", "_")
    if name not in SPACE:
        near = get_close_matches(name, SPACE, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(SPACE)}"
        raise InputError(f"cannot search over {name!r}; {hint}")
    return name, SPACE[name].read(values) if given else SPACE[name]
