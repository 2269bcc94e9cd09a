"""A trained network made ready for integers: folded, its channels of like range, its kernels on a file's grid."""

from __future__ import annotations

import keras

from export.equalization import equalize
from export.folding import fold
from export.rounding import INT8_LARGEST, round_kernels
from fer_edge.scores import FloatArray


def prepare_for_integers(model: keras.Model, images: FloatArray, largest_weight: int = INT8_LARGEST) -> keras.Model:
    """A new network whose scores are the model's but for the rounding of its kernels.

    Args:
        model: A trained classifier of raw pixels.
        images: float32 (N, H, W, 1), 0..255, the calibration's.
        largest_weight: Largest weight of each output channel, in steps, as the file will store it.
    """
    prepared = fold(model)
    equalize(prepared, images)
    round_kernels(prepared, images, largest_weight)
    return prepared
