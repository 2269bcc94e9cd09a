"""Network, optimizer and callbacks of a recipe, ready to train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from fer_edge.training.checkpoint import BestWeights
from fer_edge.training.networks.architectures import build
from fer_edge.training.networks.blocks import SEVEN, LayerSet, Task
from fer_edge.training.networks.layers import ByteDropout, FusedBatchNormalization
from fer_edge.training.recipe import Recipe


def compiled_model(recipe: Recipe, steps: int, task: Task = SEVEN) -> keras.Model:
    """Build and compile the recipe's network, with `steps` per epoch, from the layers that train fastest."""
    layers = LayerSet(FusedBatchNormalization, ByteDropout)
    model = build(recipe.arch, bfloat16=recipe.bfloat16, layers=layers, task=task)
    if recipe.frozen_normalization and recipe.start_from:
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.trainable = False
    model.compile(
        optimizer=_optimizer(recipe, steps),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
        jit_compile=False,  # XLA took five times as long on a CPU
    )
    model.optimizer.build(model.trainable_variables)
    return model


def recipe_callbacks(recipe: Recipe, checkpoints: Path) -> list[keras.callbacks.Callback]:
    """Return the documented notebook's callbacks, with `val_accuracy` instead of Keras' former `val_acc`."""
    callbacks: list[keras.callbacks.Callback] = [BestWeights(checkpoints)]
    if recipe.stop_patience:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss", mode="min", patience=recipe.stop_patience, restore_best_weights=True
            )
        )
    if recipe.reduce_patience:
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor="val_loss",
                mode="min",
                factor=recipe.reduce_factor,
                patience=recipe.reduce_patience,
                min_delta=recipe.reduce_min_delta,
            )
        )
    return callbacks


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = recipe.learning_rate
    if recipe.cosine:
        warmup = round(recipe.warmup_epochs * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            max(recipe.epochs * steps - warmup, 1),
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    averaging = {"use_ema": True, "ema_momentum": recipe.ema_momentum(steps)} if recipe.ema else {}
    if not recipe.weight_decay:
        return keras.optimizers.Adam(rate, **averaging)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **averaging)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer
