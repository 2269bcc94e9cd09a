"""Networks that teach others on an accelerator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.accelerator.result import Result
from fer_edge.training.networks.architectures import build

Weights = list[jax.Array]


def values_of(variables: Sequence[Any]) -> Weights:
    """Return the values of Keras' variables."""
    return [jnp.asarray(variable.value) for variable in variables]


class Teachers:
    """Networks whose mean scores a student learns.

    Attributes:
        weights: Trainable and other weights of each network.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        """Build the networks."""
        self._models = [build(result.recipe.arch, bfloat16=result.recipe.bfloat16) for result in results]
        for model, result in zip(self._models, results, strict=True):
            model.set_weights(result.weights)
        self.weights = tuple(
            (values_of(model.trainable_variables), values_of(model.non_trainable_variables)) for model in self._models
        )

    def teach(self, images: jax.Array, weights: Sequence[tuple[Weights, Weights]]) -> jax.Array:
        """Return the mean of the scores of images, float32 (N, K), by `weights`, which are this object's."""
        scores = [
            model.stateless_call(*each, images, training=False)[0]
            for model, each in zip(self._models, weights, strict=True)
        ]
        return jnp.mean(jnp.stack(scores), axis=0)
