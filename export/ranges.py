"""Activation ranges with the least int8 rounding error, often narrower than the values' own. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from fer_edge.scores import FloatArray

Range = tuple[float, float]

_NORM = 2.4
"""Power of the rounding error whose mean is minimized, as in BRECQ (Li et al., 2021): 2 clips too much."""

_SHARES = np.linspace(1, 0.4, 25)
"""Shares of an observed range's end that are tried."""

_BATCH = 50
_SAMPLES = 200_000
"""Number of values sampled of each tensor, over all images."""


def in_batches(images: FloatArray) -> Iterator[FloatArray]:
    """Yield images (N, H, W, 1) as batches small enough for the outputs of all layers."""
    for start in range(0, len(images), _BATCH):
        yield images[start : start + _BATCH]


def best_ranges(outputs: Iterable[Sequence[FloatArray]], tensors: int, images: int) -> list[Range]:
    """Return the best range of each of several tensors.

    Args:
        outputs: The tensors' values for each batch of images, float32 (batch, ...).
        tensors: Number of tensors.
        images: Number of images in all batches.
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
    """Return the range within `low`..`high`, 0 included, with the least int8 rounding error of `values`, any shape."""
    high = min(_SHARES * high, key=lambda end: _loss(values, low, end))
    low = min(_SHARES * low, key=lambda end: _loss(values, end, high))
    return float(low), float(high)


def _loss(values: FloatArray, low: float, high: float) -> float:
    if low == high:
        return float("inf")
    step = (high - low) / 255
    return float((np.abs(np.rint(np.clip(values, low, high) / step) * step - values) ** _NORM).mean())
