"""Layers that an accelerator computes faster than Keras' own."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class ShiftedDepthwise(keras.layers.DepthwiseConv2D):
    """Depthwise convolution with "same" padding as a sum of shifted products.

    XLA computes a depthwise convolution on a GPU as many small dense ones; a sum it fuses into one pass.
    """

    def call(self, inputs: Any) -> Any:
        """Return the convolution of `inputs`, (N, H, W, C)."""
        kernel = ops.cast(self.kernel, self.compute_dtype)[..., 0]
        stride = self.strides[0]
        rows, columns = (-(-side // stride) for side in inputs.shape[1:3])
        size = kernel.shape[0]
        pads = [
            max((out - 1) * stride + size - side, 0)
            for out, side in zip((rows, columns), inputs.shape[1:3], strict=True)
        ]
        padded = ops.pad(inputs, [(0, 0), *((pad // 2, pad - pad // 2) for pad in pads), (0, 0)])
        return sum(
            padded[:, y : y + (rows - 1) * stride + 1 : stride, x : x + (columns - 1) * stride + 1 : stride]
            * kernel[y, x]
            for y in range(size)
            for x in range(size)
        )
