"""Training batches from memory, in an order that depends on seed and epoch alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Split, as_inputs
from fer_edge.scores import FloatArray
from fer_edge.training.augment import augment, mirror, mixup
from fer_edge.training.recipe import Recipe
from fer_edge.training.targets import image_weights, learning_targets
from fer_edge.training.views import Views


@dataclass(frozen=True)
class Share:
    """Images of each batch that one of several workers trains on.

    Attributes:
        index: Index of the worker, from 0.
        count: Number of workers.
    """

    index: int = 0
    count: int = 1

    def of_batch(self, size: int) -> tuple[slice, float]:
        """Return this worker's images of a batch of `size`, and the factor of their weights.

        A worker's loss is the mean over its own images, and the workers' losses are averaged: the factor makes that the
        mean over the batch where it does not divide evenly.
        """
        own = slice(self.index, None, self.count)
        number = len(range(size)[own])
        # A step needs an image, even one of weight 0.
        return own if number else slice(1), number * self.count / size


class ShuffledBatches(keras.utils.PyDataset):
    """A split in shuffled batches; the order of an epoch does not depend on the epochs before it."""

    def __init__(
        self,
        split: Split,
        recipe: Recipe,
        *,
        teach: Callable[[FloatArray], FloatArray] | None = None,
        share: Share | None = None,
        views: Views | None = None,
    ) -> None:
        """Prepare a split for training.

        Args:
            split: Images, labels and perhaps votes.
            recipe: Recipe with batch size, augmentation and targets.
            teach: Returns softened scores, float32 (N, classes), of augmented images, float32 (N, H, W, channels).
            share: Images of each batch to return; all by default.
            views: Store of images that `teach` has scored, for later epochs; not for a share.
        """
        super().__init__()
        self._split = split
        self._targets = learning_targets(split, recipe.votes_weight)
        self._weights = image_weights(self._targets, recipe.class_balance.power)
        self._scored = np.zeros(len(split), bool)
        self._recipe = recipe
        self._teach = teach
        self._share = share or Share()
        self._views = views
        self._epoch = 0
        self._order = self._shuffle()

    @property
    def num_batches(self) -> int:
        """Number of batches per epoch; the last one may be smaller."""
        return math.ceil(len(self._split) / self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return a share of a batch: images, targets, weights.

        Images are float32 (N, H, W, channels), 0..255; targets float32 (N, classes); weights float32 (N,).
        """
        size = self._recipe.batch_size
        rows = self._order[index * size : (index + 1) * size]
        rng = np.random.default_rng((self._recipe.seed, self._epoch, index))
        own, weight = self._share.of_batch(len(rows))
        images, targets = self._changed(rows, own, rng) if self._views is None else self._view(rows, rng, self._views)
        return as_inputs(images), targets, self._weights[rows[own]] * np.float32(weight)

    def _changed(
        self, rows: npt.NDArray[np.int64], own: slice, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Return a share of the images at `rows`, augmented, and their targets."""
        if self._recipe.distill_once:
            self._score_once(rows)
        images, targets = augment(self._split.images[rows], self._recipe, rng), self._targets[rows]
        if self._recipe.mixup:
            images, targets = mixup(images, targets, self._recipe.mixup, rng)
        # Divided last, so that every image is augmented as in an undivided batch.
        images, targets = images[own], targets[own]
        if not self._recipe.distill_once:
            targets = self._taught(images, targets)
        return images, targets

    def _score_once(self, rows: npt.NDArray[np.int64]) -> None:
        """Let the teachers score the blocks of original images that `rows` are in, where they have not yet.

        Rounding depends on the images scored together: with fixed blocks, a resumed run has the same targets.
        """
        size = self._recipe.batch_size
        for block in np.unique(rows[~self._scored[rows]] // size).tolist():
            those = slice(block * size, (block + 1) * size)
            self._targets[those] = self._taught(self._split.images[those].astype(np.float32), self._targets[those])
            self._scored[those] = True

    def _taught(self, images: FloatArray, targets: FloatArray) -> FloatArray:
        if self._teach is None:
            return targets
        share = self._recipe.distill_weight
        return (1 - share) * targets + share * self._teach(as_inputs(images))

    def _view(
        self, rows: npt.NDArray[np.int64], rng: np.random.Generator, views: Views
    ) -> tuple[FloatArray, FloatArray]:
        """Return the images at `rows` and their targets, from `views` if they are stored there."""
        kept = views.load(self._epoch, rows)
        if kept is None:
            images, targets = self._changed(rows, slice(None), rng)
            views.store(self._epoch, rows, np.rint(images).astype(np.uint8), targets)
            return images, targets
        pixels, targets = kept
        return (mirror(pixels, rng) if self._recipe.flip else pixels).astype(np.float32), targets

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self.start_at(self._epoch + 1)

    def start_at(self, epoch: int) -> None:
        """Shuffle for `epoch`, counted from 0."""
        self._epoch = epoch
        self._order = self._shuffle()

    def _shuffle(self) -> npt.NDArray[np.int64]:
        return np.random.default_rng((self._recipe.seed, self._epoch)).permutation(len(self._split))
