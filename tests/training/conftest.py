from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.training.recipe import RECIPES, Recipe
from tests.fakes.training_runs import Observer

if TYPE_CHECKING:
    from fer_edge.training.train import Trained


@pytest.fixture(scope="session")
def data(faces: Dataset) -> Dataset:
    """Return faces with random validation labels: the validation loss soon rises, and both callbacks act."""
    validation = faces.validation
    labels = np.random.default_rng(0).permutation(validation.labels)
    shuffled = Split(validation.images, labels, validation.names)
    return Dataset("shuffled", {SplitName.TRAIN: faces.train, SplitName.VALIDATION: shuffled})


@pytest.fixture(scope="session")
def recipe(tiny_architecture: str) -> Recipe:
    """Return the shortest run whose learning rate falls and which stops early."""
    return Recipe(
        arch=tiny_architecture,
        epochs=14,
        batch_size=16,
        learning_rate=2e-3,
        stop_patience=4,
        reduce_patience=2,
        reduce_min_delta=0.01,
        seed=5,
    )


@pytest.fixture(scope="session")
def whole_run(data: Dataset, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """Train `recipe` without interruption; return the result and the folder of its state."""
    from fer_edge.training.train import train

    folder = tmp_path_factory.mktemp("whole_run")
    return train(data, recipe, folder, observer=Observer()), folder


@pytest.fixture(scope="session")
def modern(tiny_architecture: str) -> Recipe:
    """Return the modern recipe for a few epochs."""
    return replace(RECIPES["modern"], arch=tiny_architecture, epochs=5, batch_size=16, held_back=0.4, ema=0.9, seed=2)


@pytest.fixture(scope="session")
def modern_run(data: Dataset, modern: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """Train the modern recipe without interruption."""
    from fer_edge.training.train import train

    folder = tmp_path_factory.mktemp("modern")
    return train(data, modern, folder, observer=Observer()), folder
