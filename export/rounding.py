"""GPTQ: rounding of kernels to int8 steps, where each weight's error is compensated by the weights after it.

After Frantar et al., GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers, 2022. A layer's
inputs are correlated, so rounding each weight to the nearest step does not change its output least.
"""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import numpy.typing as npt

from export.equalization import is_convolution, is_depthwise
from fer_edge.scores import FloatArray

DoubleArray = npt.NDArray[np.float64]

INT8_LARGEST = 127
"""Largest weight of an 8-bit kernel, in steps: symmetric, -127..127, each output channel with its own step."""

INT7_LARGEST = 64
"""Largest weight of a 7-bit kernel, in steps: the -64..64 of onnxruntime's `reduce_range`.

x86-64 processors without VNNI add two products of an unsigned 8-bit activation and a weight in signed 16 bits, and
saturate silently (`pmaddubsw`). 2 * 255 * 64 = 32,640 fits, 2 * 255 * 127 does not.
"""

_ROWS = 20_000
"""Largest number of a layer's positions that are sampled; 500 images at 24x24 have 288,000."""
_BATCH = 25
_DAMPING = 0.01
"""Added to the diagonal of the inputs' second moments, as a share of its mean, as GPTQ does."""


def round_kernels(model: keras.Model, images: FloatArray, largest: int = INT8_LARGEST) -> None:
    """Round all kernels in place, from the first layer to the last, each by the inputs from the layers rounded before.

    A converter that rounds to the nearest step then finds them on its grid: the largest weight of each output channel,
    which determines the step, stays as it is. What rounding changes in an output's mean goes into the bias, so that
    the kernel is rounded for what varies: a mean of 128, as of pixels, would outweigh everything else. Layers with more
    inputs than the images have positions stay unrounded, as their Hessian would be singular.

    Args:
        model: A network with its BatchNormalization folded.
        images: Calibration images, float32 (N, H, W, 1), 0..255.
        largest: Largest weight of each output channel, in steps of the file's grid.
    """
    for layer in model.layers:
        if not _has_kernel(layer):
            continue
        kernel, *bias = layer.get_weights()
        by_group = _by_group(layer, kernel)
        if _positions(layer) * len(images) < by_group.shape[2]:
            continue
        mean, moments = _moments(model, layer, images, len(by_group), centred=bool(bias))
        rounded = _round(by_group, moments, largest)
        shift = np.einsum("goi,gi->go", by_group - rounded, mean).ravel().astype(np.float32)
        layer.set_weights([_as_kernel(layer, rounded, kernel.shape), *(each + shift for each in bias)])


def _has_kernel(layer: keras.layers.Layer) -> bool:
    return is_depthwise(layer) or is_convolution(layer) or isinstance(layer, keras.layers.Dense)


def _by_group(layer: keras.layers.Layer, kernel: FloatArray) -> DoubleArray:
    """Return a kernel as (groups, outputs, inputs); a group of a depthwise convolution has one output."""
    if is_depthwise(layer):
        return np.asarray(kernel.reshape(-1, kernel.shape[2]).T[:, np.newaxis], np.float64)
    return np.asarray(kernel.reshape(-1, kernel.shape[-1]).T[np.newaxis], np.float64)


def _as_kernel(layer: keras.layers.Layer, by_group: DoubleArray, shape: tuple[int, ...]) -> FloatArray:
    rows = by_group[:, 0] if is_depthwise(layer) else by_group[0]
    return np.asarray(rows.T.reshape(shape), np.float32)


def _positions(layer: keras.layers.Layer) -> int:
    """Return the number of places of one image that a kernel is applied to."""
    return int(np.prod(layer.output.shape[1:-1]))


def _moments(
    model: keras.Model, layer: keras.layers.Layer, images: FloatArray, groups: int, *, centred: bool
) -> tuple[DoubleArray, DoubleArray]:
    """Return the mean (groups, inputs) and the second-moment matrix (GPTQ Hessian) of each group's inputs.

    Returns:
        The mean, and the moments (groups, inputs, inputs): about the mean if `centred`, else about 0.
    """
    count, total, products = 0, np.zeros(1), np.zeros(1)
    for rows in _rows(model, layer, images):
        by_group = rows.reshape(len(rows), -1, groups).transpose(2, 0, 1).astype(np.float64)
        count += len(rows)
        total = total + by_group.sum(axis=1)
        products = products + by_group.transpose(0, 2, 1) @ by_group
    mean = total / count
    return mean, products - count * mean[:, :, np.newaxis] * mean[:, np.newaxis] if centred else products


def _rows(model: keras.Model, layer: keras.layers.Layer, images: FloatArray) -> Iterator[FloatArray]:
    """Yield the inputs of randomly sampled outputs, a row each: (rows, places in the kernel * channels)."""
    before = keras.Model(model.input, layer.input)
    rng = np.random.default_rng(0)
    share = min(1.0, _ROWS / (_positions(layer) * len(images)))
    for first in range(0, len(images), _BATCH):
        inputs = before(images[first : first + _BATCH], training=False)
        if not isinstance(layer, keras.layers.Dense):
            inputs = keras.ops.image.extract_patches(
                inputs, layer.kernel_size, layer.strides, layer.dilation_rate, padding=layer.padding
            )
        rows = keras.ops.convert_to_numpy(inputs).reshape(-1, inputs.shape[-1])
        yield rows[rng.random(len(rows)) < share]


def _round(kernels: DoubleArray, moments: DoubleArray, largest: int) -> DoubleArray:
    """Round (groups, outputs, inputs) for a small mean square error of the outputs, by the inputs' moments."""
    steps = np.maximum(np.abs(kernels).max(axis=2), np.finfo(np.float32).tiny) / largest
    widest = np.abs(kernels).argmax(axis=2)
    feedback = _feedback(moments)
    left = kernels.copy()
    for i in range(kernels.shape[2]):
        nearest = np.clip(np.rint(left[..., i] / steps), -largest, largest)
        rounded = np.where(widest == i, kernels[..., i], nearest * steps)
        error = (left[..., i] - rounded) / feedback[:, i, i, np.newaxis]
        left[..., i] = rounded
        left[..., i + 1 :] -= error[..., np.newaxis] * feedback[:, np.newaxis, i, i + 1 :]
    return np.asarray(left)


def _feedback(moments: DoubleArray) -> DoubleArray:
    """Return the upper Cholesky factor of the inverse moments; row i compensates error i by later inputs."""
    size = moments.shape[1]
    mean = np.trace(moments, axis1=1, axis2=2) / size
    damped = moments + (_DAMPING * mean + 1e-9)[:, np.newaxis, np.newaxis] * np.eye(size)
    return np.asarray(np.linalg.cholesky(np.linalg.inv(damped)).transpose(0, 2, 1))
