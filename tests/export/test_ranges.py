from __future__ import annotations

import numpy as np

from export.ranges import best_range, best_ranges, in_batches
from fer_edge.scores import FloatArray

RANDOM = np.random.default_rng(0)


def squared_error(values: FloatArray, low: float, high: float) -> float:
    step = (high - low) / 255
    return float(np.square(np.rint(np.clip(values, low, high) / step) * step - values).mean())


def test_a_few_large_values_are_clipped() -> None:
    values = RANDOM.laplace(0, 1, 100_000).astype(np.float32)
    extremes = float(values.min()), float(values.max())
    low, high = best_range(values, *extremes)
    assert extremes[0] < low < 0.7 * extremes[0]
    assert 0.7 * extremes[1] < high < extremes[1]
    assert squared_error(values, low, high) < 0.95 * squared_error(values, *extremes)


def test_a_full_range_stays() -> None:
    values = RANDOM.uniform(-3, 5, 10_000).astype(np.float32)
    assert best_range(values, -3.0, 5.0) == (-3.0, 5.0)
    assert best_range(np.maximum(values, 0), 0.0, 5.0) == (0.0, 5.0)
    assert best_range(np.minimum(values, 0), -3.0, 0.0) == (-3.0, 0.0)


def test_a_tensor_of_zeros_has_no_range() -> None:
    assert best_range(np.zeros(9, np.float32), 0.0, 0.0) == (0.0, 0.0)


def test_each_tensor_gets_its_own_range_from_all_batches() -> None:
    images = RANDOM.uniform(0, 1, (120, 6, 6, 1)).astype(np.float32)
    batches = list(in_batches(images))
    assert [len(batch) for batch in batches] == [50, 50, 20]
    (low, high), (zero, top) = best_ranges(((batch - 0.5, 4 * batch) for batch in batches), 2, len(images))
    assert (low, high, zero, top) == ((images - 0.5).min(), (images - 0.5).max(), 0.0, (4 * images).max())
