from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fer_edge.training.recipe import Recipe
from fer_edge.training.recipe_part import Choices, Range
from fer_edge.training.tune.space import Space
from fer_edge.training.tune.study import Study


@pytest.fixture(scope="session")
def make_study() -> Callable[..., Study]:
    """Return a function that returns a study of an architecture, with attributes changed by keyword."""
    over: Space = {"learning_rate": Range(1e-3, 1e-2, log=True), "batch_size": Choices((32, 64))}

    def make(arch: str, **changes: Any) -> Study:
        recipe = Recipe(arch=arch, epochs=3, stop_patience=0, reduce_patience=0)
        return replace(Study(recipe, over, trials=4, images=140), **changes)

    return make
