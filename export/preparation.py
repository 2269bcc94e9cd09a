"""Preparation of a trained network for integers: folding, equalization and rounding of kernels."""

from __future__ import annotations

import keras

from export.equalization import equalize
from export.folding import fold
from export.rounding import INT8_LARGEST, round_kernels
from fer_edge.scores import FloatArray


def prepare_for_integers(model: keras.Model, images: FloatArray, largest_weight: int = INT8_LARGEST) -> keras.Model:
    """Return a copy of a network with the same scores but for the rounding of its kernels.

    Args:
        model: A trained classifier of raw pixels.
        images: Calibration images, float32 (N, H, W, 1), 0..255.
        largest_weight: Largest weight of each output channel, in steps of the file's grid.
    """
    prepared = fold(model)
    equalize(prepared, images)
    round_kernels(prepared, images, largest_weight)
    return prepared
