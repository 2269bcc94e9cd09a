from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.evaluation.metrics import evaluate_scores
from fer_edge.training.checkpoint import BEST_NAME
from fer_edge.training.compiling import compiled_model
from fer_edge.training.networks.architectures import BACKBONES
from fer_edge.training.networks.keras_file import save_keras
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import STATE_NAME, RunFolder
from fer_edge.training.targets import one_hot
from fer_edge.training.temperature import fit_temperature, hold_back
from fer_edge.training.train import Trained, train
from tests.fakes.training_runs import Observer, require_same


def test_observer_receives_every_step_and_epoch(data: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    observer = Observer(interrupt_at=(3, 1))
    train(data, recipe, tmp_path, observer=observer)
    steps = math.ceil(len(data.train) / 16)
    assert observer.starts == [(0, 14, steps)]
    assert observer.steps == [*range(1, steps + 1)] * 2 + [1]
    assert observer.epochs == [1, 2]


def test_model_has_weights_of_best_validation_accuracy(whole_run: tuple[Trained, Path], data: Dataset) -> None:
    trained, _ = whole_run
    accuracies = [row["val_accuracy"] for row in trained.progress.history]
    scores = trained.model.predict_on_batch(data.validation.inputs())
    accuracy = evaluate_scores(scores, data.validation.labels).accuracy
    assert accuracy == pytest.approx(max(accuracies), abs=1e-6)
    assert trained.progress.best_epoch == accuracies.index(max(accuracies)) + 1
    # Otherwise this would not tell the best epoch from the last.
    assert max(accuracies) > accuracies[-1]


def test_early_stopping_and_learning_rate_follow_validation_loss(
    whole_run: tuple[Trained, Path], recipe: Recipe
) -> None:
    """Compare with both callbacks computed from their definitions."""
    history = whole_run[0].progress.history
    rate, lowest, waited = recipe.learning_rate, math.inf, 0
    rates, best, since_best, stopped_at = [], math.inf, 0, None
    for epoch, row in enumerate(history, start=1):
        rates.append(rate)
        lowest, waited = (
            (row["val_loss"], 0) if row["val_loss"] < lowest - recipe.reduce_min_delta else (lowest, waited + 1)
        )
        if waited >= recipe.reduce_patience:
            rate, waited = rate * recipe.reduce_factor, 0
        best, since_best = (row["val_loss"], 0) if row["val_loss"] < best else (best, since_best + 1)
        if since_best >= recipe.stop_patience:
            stopped_at = epoch
            break
    assert [row["learning_rate"] for row in history] == pytest.approx(rates, rel=1e-5)
    assert len(set(rates)) > 1
    assert stopped_at == len(history) < recipe.epochs
    assert whole_run[0].ended_by == "early stopping"


@pytest.mark.slow
def test_same_seed_gives_identical_weights(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    require_same((train(data, recipe, tmp_path, observer=Observer()), tmp_path), whole_run)


def test_other_seed_gives_other_weights(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    other = Recipe(**{**vars(recipe), "seed": 6, "epochs": 1})
    trained = train(data, other, tmp_path, observer=Observer())
    assert trained.progress.history[0]["loss"] != whole_run[0].progress.history[0]["loss"]
    assert trained.ended_by == "the number of epochs"


@pytest.mark.slow
def test_pretrained_weights_are_loaded_once_and_not_on_resume(
    data: Dataset, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Backbone:
        loaded = 0

        def load_imagenet(self, model: keras.Model) -> None:
            self.loaded += 1
            kernel, bias = model.layers[1].get_weights()
            model.layers[1].set_weights([np.full_like(kernel, 0.25), bias])

    backbone = Backbone()
    monkeypatch.setitem(BACKBONES, recipe.arch, backbone)
    short = replace(recipe, epochs=2, learning_rate=1e-9)
    interrupted = train(data, short, tmp_path, observer=Observer(interrupt_at=(2, 1)))
    assert interrupted.model.layers[1].get_weights()[0] == pytest.approx(0.25, abs=1e-6)
    train(data, short, tmp_path, observer=Observer(), resume=True)
    assert backbone.loaded == 1


@pytest.mark.slow
def test_training_starts_from_weights_of_another_run(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    trained, _ = whole_run
    save_keras(trained.model, ModelCard("first", recipe.arch), tmp_path / "first.keras")
    still = replace(recipe, epochs=1, learning_rate=1e-9, start_from=str(tmp_path / "first.keras"))
    again = train(data, still, tmp_path / "again", observer=Observer())
    for weights, first in zip(again.model.trainable_weights, trained.model.trainable_weights, strict=True):
        assert np.asarray(weights) == pytest.approx(np.asarray(first), abs=1e-6)


@pytest.mark.slow
def test_bfloat16_run_saves_plain_float32_model(data: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    mixed = Recipe(**{**vars(recipe), "bfloat16": True, "epochs": 2})
    assert compiled_model(mixed, 1).layers[1].compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    trained = train(data, mixed, tmp_path, observer=Observer())
    path = tmp_path / "model.keras"
    save_keras(trained.model, ModelCard("tiny", "tiny"), path)
    loaded = keras.models.load_model(path, compile=False)
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
    assert {type(layer).__module__.split(".")[0] for layer in loaded.layers} == {"keras"}
    accuracy = evaluate_scores(loaded.predict_on_batch(data.validation.inputs()), data.validation.labels).accuracy
    assert accuracy == pytest.approx(max(row["val_accuracy"] for row in trained.progress.history), abs=0.03)


def test_learning_rate_warms_up_and_decays(modern_run: tuple[Trained, Path], modern: Recipe) -> None:
    rates = [row["learning_rate"] for row in modern_run[0].progress.history]
    assert rates[1] == pytest.approx(modern.learning_rate)
    assert 0 < rates[0] < rates[1] > rates[2] > rates[3] > rates[4] == pytest.approx(0, abs=1e-8)


def test_ema_weights_are_validated_and_saved(
    modern_run: tuple[Trained, Path], data: Dataset, modern: Recipe, tmp_path: Path
) -> None:
    trained, folder = modern_run
    validation = data.validation
    best = trained.progress.history[trained.progress.best_epoch - 1]
    scores = trained.model.predict(validation.inputs(), verbose=0)
    # The temperature does not move the best class.
    assert evaluate_scores(scores, validation.labels).accuracy == pytest.approx(best["val_accuracy"])
    model = compiled_model(modern, 1)
    model.load_weights(folder / BEST_NAME)
    kept = [np.asarray(variable) for variable in model.variables]
    with np.load(folder / STATE_NAME) as saved:
        last = [saved[f"variable_{i}"] for i in range(len(kept))]
    assert not any(np.allclose(a, b) for a, b in zip(kept, last, strict=True) if a.ndim > 1)


def test_held_back_images_are_not_trained_on(data: Dataset, modern: Recipe, tmp_path: Path) -> None:
    observer = Observer(interrupt_at=(1, 1))
    with pytest.raises(KeyboardInterrupt):
        train(data, modern, tmp_path, observer=observer)
    assert observer.starts == [(0, modern.epochs, math.ceil(len(data.train) * 0.6 / modern.batch_size))]


@pytest.mark.slow
def test_temperature_is_fitted_on_held_back_images(tiny_run: RunFolder, recipe: Recipe, tmp_path: Path) -> None:
    """Use a trained network and images that it has not seen."""
    unseen = synthetic_dataset(seed=9, train_per_class=40, validation_per_class=4)
    still = replace(recipe, epochs=1, learning_rate=1e-9, start_from=str(tiny_run.model), held_back=0.4)
    trained = train(unseen, still, tmp_path, observer=Observer())
    assert trained.no_temperature == ""
    assert trained.temperature is not None
    assert trained.temperature != 1
    # The temperature that is left to be found is 1.
    held = hold_back(unseen.train, 0.4)[1]
    scores = trained.model.predict(held.inputs(), verbose=0)
    assert fit_temperature(scores, one_hot(held.labels)) == pytest.approx(1, abs=1e-3)
