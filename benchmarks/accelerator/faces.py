"""Labelled faces on an accelerator."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from fer_edge.dataset.data import Split
from fer_edge.training.recipe import Recipe
from fer_edge.training.targets import image_weights, learning_targets


class Faces(NamedTuple):
    """Faces on the accelerator: 0..255 (N, S, S, 1), their targets (N, K), and their weights (N,)."""

    images: jax.Array
    targets: jax.Array
    weights: jax.Array

    @staticmethod
    def of(split: Split, recipe: Recipe) -> Faces:
        """Put a split of gray faces on the accelerator, as uint8, with targets and weights by `recipe`."""
        targets = learning_targets(split, recipe.votes_weight)
        weights = image_weights(targets, recipe.class_balance.power)
        return Faces(jnp.asarray(split.images[..., np.newaxis]), jnp.asarray(targets), jnp.asarray(weights))

    def take(self, rows: jax.Array) -> Faces:
        """Return the faces at `rows`, with images as float32."""
        return Faces(self.images[rows].astype(jnp.float32), self.targets[rows], self.weights[rows])

    def stored(self) -> Faces:
        """Return the faces with images rounded to uint8."""
        return self._replace(images=jnp.round(self.images).astype(jnp.uint8))
