"""Cross-layer equalization: channels of similar range, so that one int8 scale suits all of them.

After Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction, 2019: what a layer's output
channel is divided by, the next layer's input channel is multiplied by. The ranges here are measured on images, since
it is activations that have one scale for all channels; kernels have one for each of their output channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from export.ranges import in_batches
from fer_edge.scores import FloatArray

Pair = tuple[keras.layers.Layer, keras.layers.Layer]

_ACTIVATION_SHARE = 0.75
"""Degree to which a pointwise convolution's input is equalized at its kernel's expense, 0..1."""


def equalize(model: keras.Model, images: FloatArray) -> None:
    """Equalize the channels before and after each depthwise convolution, in place; the scores stay as they are.

    Before one, where another convolution is: wholly, as neither kernel has a scale in common between these channels.
    After one, where a convolution follows: in part, as in that convolution's kernel the channels have one scale in
    common. A ReLU or pooling may lie between the two.

    Args:
        model: A network with its BatchNormalization folded.
        images: float32 (N, H, W, C), 0..255, to measure ranges on.
    """
    pairs = list(_pairs(model))
    if not pairs:
        return
    for (producer, consumer), ranges in zip(pairs, _ranges(model, pairs, images), strict=True):
        if isinstance(consumer, keras.layers.DepthwiseConv2D):
            factors = ranges
        else:
            kernel = np.abs(consumer.get_weights()[0]).max(axis=(0, 1, 3))
            factors = ranges**_ACTIVATION_SHARE / np.maximum(kernel, 1e-12) ** (1 - _ACTIVATION_SHARE)
        _scale(producer, consumer, _usable(factors, ranges))


def _ranges(model: keras.Model, pairs: list[Pair], images: FloatArray) -> list[FloatArray]:
    """Return each producer's largest value by channel, of what a ReLU behind it lets through, else of both signs."""
    network = keras.Model(model.input, [producer.output for producer, _ in pairs])
    largest = [np.zeros(producer.output.shape[-1], np.float32) for producer, _ in pairs]
    for batch in in_batches(images):
        outputs = network.predict_on_batch(batch)
        for index, values in enumerate(outputs if len(pairs) > 1 else [outputs]):
            passed = np.maximum(values, 0) if _has_relu(pairs[index][0]) else np.abs(values)
            largest[index] = np.maximum(largest[index], passed.max(axis=(0, 1, 2)))
    return largest


def _usable(factors: FloatArray, ranges: FloatArray) -> FloatArray:
    """Return the factors divided by their geometric mean; 1 for a channel that is always 0."""
    alive = ranges > 1e-6 * ranges.max()
    mean = np.exp(np.log(factors[alive]).mean())
    return np.where(alive, factors / mean, 1).astype(np.float32)


def _scale(producer: keras.layers.Layer, consumer: keras.layers.Layer, factors: FloatArray) -> None:
    """Divide the producer's output channels by `factors`, and multiply the consumer's input channels by them."""
    kernel, *bias = producer.get_weights()
    depthwise = isinstance(producer, keras.layers.DepthwiseConv2D)
    kernel = kernel / (factors[:, np.newaxis] if depthwise else factors)
    producer.set_weights([kernel, *(b / factors for b in bias)])
    kernel, *bias = consumer.get_weights()
    consumer.set_weights([kernel * factors[:, np.newaxis], *bias])


def _pairs(model: keras.Model) -> Iterator[Pair]:
    """Yield convolutions with their only reader, one of the two depthwise, with at most a ReLU between them."""
    for layer in model.layers:
        if not _is_linear_convolution(layer):
            continue
        follower = only_reader(layer)
        while _is_homogeneous(follower):
            follower = only_reader(follower)
        if is_depthwise(follower) or (isinstance(layer, keras.layers.DepthwiseConv2D) and is_convolution(follower)):
            yield layer, follower


def _has_relu(layer: keras.layers.Layer) -> bool:
    return isinstance(only_reader(layer), keras.layers.ReLU)


def only_reader(layer: keras.layers.Layer) -> Any:
    """Return the only layer that reads this one's output, past identities; `None` if there are several."""
    readers = [node.operation for node in layer._outbound_nodes]
    if len(readers) != 1:
        return None
    return only_reader(readers[0]) if isinstance(readers[0], keras.layers.Identity) else readers[0]


def is_convolution(layer: Any) -> bool:
    """Return true if each output channel depends on all input channels."""
    return type(layer) is keras.layers.Conv2D and layer.groups == 1


def is_depthwise(layer: Any) -> bool:
    """Return true if each output channel depends on one input channel, and each of these on one output channel."""
    return isinstance(layer, keras.layers.DepthwiseConv2D) and layer.depth_multiplier == 1


def _is_linear_convolution(layer: Any) -> bool:
    return (is_depthwise(layer) or is_convolution(layer)) and layer.activation is keras.activations.linear


def _is_homogeneous(layer: Any) -> bool:
    """Return true if scaling the input scales the output: not so for ReLU6."""
    if isinstance(layer, keras.layers.ReLU):
        return layer.max_value is None and not layer.threshold and not layer.negative_slope
    return isinstance(layer, keras.layers.MaxPooling2D)
