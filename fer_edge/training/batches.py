"""Training batches from memory, in an order that the seed and the epoch decide."""

from __future__ import annotations

import math

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.training.data import Split


class ShuffledBatches(keras.utils.PyDataset):
    """A split in shuffled batches; any epoch's order can be had again without those before it."""

    def __init__(self, split: Split, batch_size: int, seed: int, epoch: int = 0) -> None:
        """Start at `epoch`, counted from 0."""
        super().__init__()
        self._split = split
        self._one_hot = one_hot(split.labels)
        self._batch_size = batch_size
        self._seed = seed
        self._epoch = epoch
        self._order = self._shuffle()

    @property
    def num_batches(self) -> int:
        """Batches an epoch, the last one perhaps smaller."""
        return math.ceil(len(self._split) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Batch `index` of the epoch: float32 (N, 48, 48, 1) in 0..255 and one-hot float32 (N, 7)."""
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return self._split.images[rows][..., np.newaxis].astype(np.float32), self._one_hot[rows]

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self._epoch += 1
        self._order = self._shuffle()

    def _shuffle(self) -> npt.NDArray[np.int64]:
        return np.random.default_rng((self._seed, self._epoch)).permutation(len(self._split))


def one_hot(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Labels int64 (N,) as float32 (N, 7)."""
    return np.eye(NUM_EXPRESSIONS, dtype=np.float32)[labels]
