"""A trained network made ready for integers: folded, its channels of like range, its kernels on int8's grid."""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt

from export.equalization import equalize
from export.folding import fold
from export.rounding import round_kernels


def prepare_for_integers(model: keras.Model, images: npt.NDArray[np.float32]) -> keras.Model:
    """A new network whose scores are the model's but for the rounding of its kernels.

    Args:
        model: A trained classifier of raw pixels.
        images: float32 (N, H, W, 1), 0..255, the calibration's.
    """
    prepared = fold(model)
    equalize(prepared, images)
    round_kernels(prepared, images)
    return prepared
