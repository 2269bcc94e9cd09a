"""Recipe of a network as a TOML file: the parts that differ from `fer-edge train --recipe modern`."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.toml_file import read_toml
from fer_edge.training.recipe import RECIPES, Recipe
from fer_edge.training.run_folder import require_types


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; the names of its parts are those of `Recipe`'s fields.

    Raises:
        InputError: If the file cannot be read, or has a part that is unknown, of another type or out of bounds.
    """
    parts = read_toml(path)
    known = {field.name for field in fields(Recipe)}
    if unknown := parts.keys() - known:
        raise InputError(f"{path}: expected parts of a recipe, got {', '.join(sorted(unknown))}")
    try:
        recipe = replace(RECIPES["modern"], **parts)
        require_types(recipe)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path}: a part has another type than the recipe's: {error}") from error
    return recipe


def require_known(recipe: Recipe) -> None:
    """Refuse parts of a recipe that are not implemented here.

    Raises:
        InputError: If there are any.
    """
    left_out = {
        "start_from": recipe.start_from,
        "label_smoothing": recipe.label_smoothing,
        "distill_once": recipe.distill_once,
        "distill_temperature": recipe.teachers and recipe.distill_temperature != 1,
        "stop_patience": recipe.stop_patience,
        "reduce_patience": recipe.reduce_patience,
        "cosine": not recipe.cosine,
    }
    if names := [name for name, used in left_out.items() if used]:
        raise InputError(f"not implemented on an accelerator: this {', '.join(names)}; train with fer-edge train")
