from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.training.compiling import compiled_model, recipe_callbacks
from fer_edge.training.recipe import Recipe


def test_documented_recipe_has_notebook_settings() -> None:
    recipe = Recipe()
    checkpoint, stopping, plateau = recipe_callbacks(recipe, Path("x"))
    assert (recipe.batch_size, recipe.epochs, recipe.learning_rate) == (128, 48, 1e-4)
    assert (checkpoint.monitor, checkpoint.save_best_only) == ("val_accuracy", True)
    assert (stopping.monitor, stopping.patience, stopping.restore_best_weights) == ("val_loss", 3, True)
    assert (plateau.monitor, plateau.patience, plateau.factor, plateau.min_delta) == ("val_loss", 3, 0.2, 1e-4)


@pytest.mark.parametrize(("epochs", "steps", "momentum"), [(66, 224, 0.998), (5, 50, 0.98), (1, 3, 0.0)])
def test_ema_spans_at_most_a_fifth_of_the_run(modern: Recipe, epochs: int, steps: int, momentum: float) -> None:
    model = compiled_model(replace(modern, ema=0.998, epochs=epochs), steps)
    assert model.optimizer.ema_momentum == pytest.approx(momentum)


def test_adamw_decays_kernels_only(modern: Recipe) -> None:
    model = compiled_model(modern, 10)
    decayed = [v.path for v in model.trainable_variables if model.optimizer._use_weight_decay(v)]
    assert decayed
    assert all(path.endswith("kernel") for path in decayed)
