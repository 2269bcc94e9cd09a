"""Training of a network on an accelerator, in JAX, by the recipes of `fer-edge train`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax

from benchmarks.accelerator.augment import augment, mirror, mixup
from benchmarks.accelerator.faces import Faces
from benchmarks.accelerator.layers import ShiftedDepthwise
from benchmarks.accelerator.teachers import Teachers, Weights, values_of
from fer_edge.dataset.data import Split
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.scores import FloatArray
from fer_edge.training.networks.architectures import build
from fer_edge.training.networks.blocks import LayerSet
from fer_edge.training.recipe import Recipe

_STATISTICS_BATCHES = 30


class State(NamedTuple):
    """State of training: weights, their running average, the optimizer's state, and the key of the next step."""

    trainable: Weights
    others: Weights
    averaged: Weights
    optimizer: Any
    key: jax.Array


@dataclass
class Fitted:
    """Result of training.

    Attributes:
        weights: Weights of the epoch with the best validation accuracy, in the order of `keras.Model.get_weights`.
        history: A row per epoch, as `fer_edge.training.checkpoint.TrainingProgress` has them.
        seconds: Duration, compilation included.
    """

    weights: list[FloatArray]
    history: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0


class Trainer:
    """Trains a network by a recipe."""

    def __init__(self, recipe: Recipe, training: Split, validation: Split, teachers: Teachers | None = None) -> None:
        """Prepare to train.

        Args:
            recipe: Recipe; teachers score each image as it is augmented.
            training: Faces to learn from.
            validation: Faces to choose the epoch by, labelled.
            teachers: Networks to learn from besides.

        Raises:
            InputError: If there are fewer images than a batch takes.
        """
        self._recipe = recipe
        self._teachers = teachers
        self._training = Faces.of(training, recipe)
        self._validation = Faces.of(validation, recipe)
        self._steps = len(training) // recipe.batch_size
        if not self._steps:
            raise InputError(f"expected at least a batch of {recipe.batch_size} images, got {len(training)}")
        keras.utils.set_random_seed(recipe.seed)
        self.model = build(recipe.arch, bfloat16=recipe.bfloat16, layers=LayerSet(depthwise=ShiftedDepthwise))
        warmup = round(recipe.warmup_epochs * self._steps)
        total = max(self._steps * recipe.epochs, warmup + 1)
        rate = optax.warmup_cosine_decay_schedule(0.0, recipe.learning_rate, warmup, total)
        kernels = [variable.name == "kernel" for variable in self.model.trainable_variables]
        self._optimizer = optax.adamw(rate, weight_decay=recipe.weight_decay, mask=kernels)
        self._new_epoch = jax.jit(self._run_new)
        self._stored_epoch = jax.jit(self._run_stored)
        self._statistics = jax.jit(self._measure_statistics)
        self._score = jax.jit(partial(self.model.stateless_call, training=False))

    def fit(self) -> Iterator[Fitted]:
        """Train from random weights, and yield the result so far after each epoch.

        Raises:
            FerEdgeError: If the loss is no longer finite.
        """
        began = time.monotonic()
        recipe = self._recipe
        state, order = self._first_state(), np.random.default_rng(recipe.seed)
        views: list[Faces] = []
        fitted = Fitted([])
        best = -1.0
        for epoch in range(recipe.epochs):
            rows = order.permutation(len(self._training.images))[: self._steps * recipe.batch_size]
            batches = jnp.asarray(rows.reshape(self._steps, recipe.batch_size))
            if not recipe.distill_views or epoch < recipe.distill_views:
                state, (loss, right, view) = self._new_epoch(state, batches, self._training, self._teachers_weights)
                views.extend([view] if recipe.distill_views else [])
            else:
                shuffled = jnp.asarray(order.permutation(batches.size).reshape(batches.shape))
                view = views[epoch % recipe.distill_views]
                state, (loss, right) = self._stored_epoch(state, shuffled, view)
            if not jnp.isfinite(loss).all():
                raise FerEdgeError(f"the loss is not finite in epoch {epoch + 1}; train with a lower learning_rate")
            others = self._statistics(state, batches[:_STATISTICS_BATCHES], self._training)
            row = {"loss": float(loss.mean()), "accuracy": float(right.mean()), **self._judge(state.averaged, others)}
            fitted.history.append(row)
            fitted.seconds = time.monotonic() - began
            if row["val_accuracy"] > best:
                best = row["val_accuracy"]
                fitted.weights = self._in_order(state.averaged, others)
            yield fitted

    @property
    def _teachers_weights(self) -> tuple[tuple[Weights, Weights], ...]:
        return self._teachers.weights if self._teachers else ()

    def _first_state(self) -> State:
        trainable, others = values_of(self.model.trainable_variables), values_of(self.model.non_trainable_variables)
        return State(trainable, others, trainable, self._optimizer.init(trainable), jax.random.key(self._recipe.seed))

    def _run_new(self, state: State, batches: jax.Array, faces: Faces, teachers: Any) -> tuple[State, Any]:
        """Train for an epoch on newly changed faces, and return them too if later epochs need them."""

        def step(state: State, rows: jax.Array) -> tuple[State, Any]:
            key, own = jax.random.split(state.key)
            changed = self._change(faces.take(rows), own, teachers)
            state, (loss, right) = self._learn(state._replace(key=key), changed)
            return state, (loss, right, changed.stored() if self._recipe.distill_views else None)

        state, (loss, right, view) = jax.lax.scan(step, state, batches)
        return state, (loss, right, jax.tree.map(lambda each: each.reshape(-1, *each.shape[2:]), view))

    def _run_stored(self, state: State, batches: jax.Array, view: Faces) -> tuple[State, Any]:
        """Train for an epoch on faces that an earlier one stored, mirrored anew."""

        def step(state: State, rows: jax.Array) -> tuple[State, Any]:
            key, own = jax.random.split(state.key)
            faces = view.take(rows)
            images = mirror(faces.images, own) if self._recipe.flip else faces.images
            return self._learn(state._replace(key=key), faces._replace(images=images))

        state, measured = jax.lax.scan(step, state, batches)
        return state, measured

    def _change(self, faces: Faces, key: jax.Array, teachers: Any) -> Faces:
        """Augment faces, mix them, and let the teachers score them."""
        recipe = self._recipe
        of_augmenting, of_mixing = jax.random.split(key)
        images, targets = augment(faces.images, recipe, of_augmenting), faces.targets
        if recipe.mixup:
            images, targets = mixup(images, targets, recipe.mixup, of_mixing)
        if self._teachers:
            taught = self._teachers.teach(images, teachers)
            targets = (1 - recipe.distill_weight) * targets + recipe.distill_weight * taught
        return Faces(images, targets, faces.weights)

    def _learn(self, state: State, faces: Faces) -> tuple[State, tuple[jax.Array, jax.Array]]:
        """Take one step, and return the loss and the share of right answers."""

        def loss_of(trainable: Weights) -> tuple[jax.Array, Any]:
            scores, others = self.model.stateless_call(trainable, state.others, faces.images, training=True)
            losses = keras.losses.categorical_crossentropy(faces.targets, scores)
            return (losses * faces.weights).mean(), (others, scores)

        (loss, (others, scores)), gradient = jax.value_and_grad(loss_of, has_aux=True)(state.trainable)
        change, optimizer = self._optimizer.update(gradient, state.optimizer, state.trainable)
        trainable = optax.apply_updates(state.trainable, change)
        share = 1 - self._recipe.ema_momentum(self._steps)
        averaged = optax.incremental_update(trainable, state.averaged, share)
        right = (scores.argmax(axis=1) == faces.targets.argmax(axis=1)).mean()
        return State(trainable, others, averaged, optimizer, state.key), (loss, right)

    def _measure_statistics(self, state: State, batches: jax.Array, faces: Faces) -> Weights:
        """Return the statistics of BatchNormalization for the averaged weights: means over some batches."""

        def measure(key: jax.Array, rows: jax.Array) -> tuple[jax.Array, Weights]:
            key, of_augmenting = jax.random.split(key)
            images = augment(faces.take(rows).images, self._recipe, of_augmenting)
            return key, self.model.stateless_call(state.averaged, state.others, images, training=True)[1]

        before = state.others
        _, after = jax.lax.scan(measure, state.key, batches)
        # Each batch moved the statistics from the same values by the same share.
        return [
            _unmoved(old, new.mean(axis=0), self._momentum) if jnp.issubdtype(old.dtype, jnp.floating) else old
            for old, new in zip(before, after, strict=True)
        ]

    @property
    def _momentum(self) -> float:
        return float(next(x.momentum for x in self.model.layers if isinstance(x, keras.layers.BatchNormalization)))

    def _judge(self, trainable: Weights, others: Weights) -> dict[str, float]:
        faces = self._validation
        scores = jnp.concatenate(
            [
                self._score(trainable, others, faces.images[start : start + 256].astype(jnp.float32))[0]
                for start in range(0, len(faces.images), 256)
            ]
        )
        right = scores.argmax(axis=1) == faces.targets.argmax(axis=1)
        loss = keras.losses.categorical_crossentropy(faces.targets, scores).mean()
        return {"val_loss": float(loss), "val_accuracy": float(right.mean())}

    def _in_order(self, trainable: Weights, others: Weights) -> list[FloatArray]:
        for variables, values in (
            (self.model.trainable_variables, trainable),
            (self.model.non_trainable_variables, others),
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        return [np.asarray(each, np.float32) for each in self.model.get_weights()]


def _unmoved(old: jax.Array, new: jax.Array, momentum: float) -> jax.Array:
    return (new - momentum * old) / (1 - momentum)
