"""Ranges of activations in which int8 loses least: often narrower than what was seen. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from fer_edge.scores import FloatArray

Range = tuple[float, float]

_NORM = 2.4
"""The power of a rounding error whose mean chooses a range, as in BRECQ (Li et al., 2021): 2 clips too much."""

_SHARES = np.linspace(1, 0.4, 25)
"""Shares of a seen range's end that are tried."""

_BATCH = 50
_SAMPLES = 200_000
"""Values looked at in each tensor, of all images."""


def in_batches(images: FloatArray) -> Iterator[FloatArray]:
    """Yield images (N, H, W, 1) as batches that `best_ranges` has memory for."""
    for start in range(0, len(images), _BATCH):
        yield images[start : start + _BATCH]


def best_ranges(outputs: Iterable[Sequence[FloatArray]], tensors: int, images: int) -> list[Range]:
    """Choose a range for each of several tensors.

    Args:
        outputs: The tensors' values for each batch of images, float32 (batch, ...).
        tensors: How many tensors.
        images: How many images in all.
    """
    random = np.random.default_rng(0)
    samples: list[list[FloatArray]] = [[] for _ in range(tensors)]
    ends = np.zeros((tensors, 2))
    for batch in outputs:
        for i, output in enumerate(batch):
            ends[i] = min(ends[i, 0], output.min()), max(ends[i, 1], output.max())
            samples[i].append(random.choice(output.ravel(), _SAMPLES * len(output) // images))
    return [best_range(np.concatenate(each), *map(float, end)) for each, end in zip(samples, ends, strict=True)]


def best_range(values: FloatArray, low: float, high: float) -> Range:
    """The range within `low`..`high` in which int8 loses least of float32 `values` of any shape; 0 lies in all."""
    high = min(_SHARES * high, key=lambda end: _loss(values, low, end))
    low = min(_SHARES * low, key=lambda end: _loss(values, end, high))
    return float(low), float(high)


def _loss(values: FloatArray, low: float, high: float) -> float:
    if low == high:
        return float("inf")
    step = (high - low) / 255
    return float((np.abs(np.rint(np.clip(values, low, high) / step) * step - values) ** _NORM).mean())
