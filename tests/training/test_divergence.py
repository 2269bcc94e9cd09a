from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DivergenceError
from fer_edge.training.divergence import StopAtDivergence
from fer_edge.training.recipe import Recipe
from fer_edge.training.train import train

TOO_HIGH = 1e30
"""Learning rate at which any network overflows within two steps."""


class Observer:
    """Records the steps, and raises KeyboardInterrupt in the second epoch on request."""

    def __init__(self, interrupt: bool = False) -> None:
        self.steps: list[tuple[int, int]] = []
        self._epoch, self._interrupt = 1, interrupt

    def on_start(self, epochs_done: int, *_: Any) -> None:
        self._epoch = epochs_done + 1

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        self.steps.append((self._epoch, step))
        if self._interrupt and self._epoch == 2:
            raise KeyboardInterrupt

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        self._epoch = epoch + 1


@pytest.fixture
def recipe(tiny_architecture: str) -> Recipe:
    return Recipe(arch=tiny_architecture, epochs=2, batch_size=32, learning_rate=1e-3, cosine=True, stop_patience=0)


@pytest.mark.parametrize("parts", [{"ema": 0.9, "weight_decay": 0.05, "mixup": 0.2}, {"bfloat16": True}])
def test_divergence_in_first_epoch_stops_at_step_and_saves_nothing(
    faces: Dataset, recipe: Recipe, tmp_path: Path, parts: dict[str, Any]
) -> None:
    observer = Observer()
    with pytest.raises(DivergenceError) as raised:
        train(faces, replace(recipe, learning_rate=TOO_HIGH, **parts), tmp_path, observer=observer)
    step = len(observer.steps) + 1
    assert f"training diverged at epoch 1, step {step} of 9: " in str(raised.value)
    assert "train again with a lower learning rate (it is 1e+30)" in str(raised.value)
    assert ("without mixed precision" in str(raised.value)) is ("bfloat16" in parts)
    assert step < 9
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_divergence_in_later_epoch_keeps_last_good_one(faces: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    recipe = replace(recipe, ema=0.9)
    assert train(faces, recipe, tmp_path, observer=Observer(interrupt=True)).interruption is not None
    kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DivergenceError, match=r"epoch 2, step \d of 9: "):
        train(faces, replace(recipe, learning_rate=TOO_HIGH), tmp_path, observer=Observer(), resume=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
    observer = Observer()
    resumed = train(faces, recipe, tmp_path, observer=observer, resume=True)
    assert (observer.steps[0], resumed.progress.epochs_done) == ((2, 1), 2)


@pytest.fixture
def watched() -> tuple[StopAtDivergence, keras.Model]:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="hidden"), keras.layers.Dense(2)])
    callback = StopAtDivergence(Recipe(), 5)
    callback.set_model(model)
    callback.on_epoch_begin(1)
    return callback, model


def spoil(layer: keras.layers.Layer, value: float) -> None:
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, np.full_like(bias, value)])


def test_finite_training_continues(watched: tuple[StopAtDivergence, keras.Model]) -> None:
    callback, _ = watched
    callback.on_train_batch_end(0, {"loss": 1e30})
    callback.on_test_begin()
    callback.on_epoch_end(1, {"loss": 1e30, "val_loss": 1e30})


def test_nan_loss_names_step(watched: tuple[StopAtDivergence, keras.Model]) -> None:
    with pytest.raises(DivergenceError, match=r"at epoch 2, step 3 of 5: the loss is nan; train again"):
        watched[0].on_train_batch_end(2, {"loss": float("nan")})


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_found_at_step_or_end_of_epoch(
    watched: tuple[StopAtDivergence, keras.Model], value: float
) -> None:
    callback, model = watched
    spoil(model.layers[0], value)
    callback.on_train_batch_end(2, {"loss": 1.0})  # only the last layer is looked at in every step
    with pytest.raises(DivergenceError, match=r"the end of epoch 2, after step 5 of 5: .*hidden/bias is not finite"):
        callback.on_test_begin()
    with pytest.raises(DivergenceError, match="hidden/bias is not finite"):
        callback.on_epoch_end(1, {"loss": 1.0, "val_loss": 1.0})
    spoil(model.layers[1], value)
    with pytest.raises(DivergenceError, match=r"at epoch 2, step 3 of 5: .*bias is not finite"):
        callback.on_train_batch_end(2, {"loss": 1.0})


@pytest.mark.parametrize("logs", [{"loss": 1.0, "val_loss": np.nan}, {"loss": np.inf, "val_loss": 1.0}])
def test_losses_of_an_epoch_must_be_finite(
    watched: tuple[StopAtDivergence, keras.Model], logs: dict[str, float]
) -> None:
    with pytest.raises(
        DivergenceError, match=r"the end of epoch 2, after step 5 of 5: the (val_loss is nan|loss is inf)"
    ):
        watched[0].on_epoch_end(1, logs)
