"""YuNet, the face detector, rebuilt in Keras with the weights of its ONNX file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import numpy_helper

from fer_edge.errors import ModelError
from fer_edge.scores import FloatArray

Weights = Iterator[list[FloatArray]]
"""Kernel and bias of each convolution, in the file's order and layout: outputs, inputs / groups, height, width."""

_STAGES = ((16,), (16, 32, 32, 64), (64, 64), (64, 64), (64, 64))
"""Output channels of each block. A stage halves the picture, the first by a strided convolution, others by pooling."""
_LEVELS = 3
_HEADS = (1, 4, 1, 10)
"""Channels of each head in the file's order: class, box, objectness, landmarks."""
_ORDER = (0, 2, 1, 3)
"""Order of the heads in the rebuilt network's outputs: both logits first."""
_CONVOLUTIONS = 53


class DepthToSpace(keras.layers.Layer):
    """Make 2x2 pixels of each pixel's channels: (N, H, W, 4 C) to (N, 2 H, 2 W, C)."""

    def call(self, inputs: Any) -> Any:
        """Rearrange `inputs`."""
        return tf.nn.depth_to_space(inputs, 2)


def build_yunet(path: Path, size_wh: tuple[int, int]) -> keras.Model:
    """Build the network with the weights of OpenCV Zoo's YuNet 2023mar.

    The input is float32 (N, H + 1, W + 1, 3), BGR, 0..255: the picture with a row of zeros above it and a column of
    zeros left of it, which are the first convolution's padding. The outputs are float32 (N, H / s, W / s, 16) for the
    strides s of 8, 16 and 32: logits of class and objectness, box (4), landmarks (10).

    The graph differs from the file's in form only: the heads of a level are one convolution, their sigmoids are left to
    the decoder, and pixels are repeated by concatenation and depth-to-space, which hold no size, so that the input of
    an exported file can be resized.

    Args:
        path: The ONNX file.
        size_wh: W and H, multiples of 32.

    Raises:
        ModelError: If the file does not hold this network.
    """
    weights = _read_weights(path)
    width, height = size_wh
    image = keras.Input((height + 1, width + 1, 3), name="image")
    values = keras.layers.ReLU()(_convolution(image, next(weights), strides=2))
    levels = []
    for number, stage in enumerate(_STAGES):
        values = keras.layers.MaxPooling2D()(values) if number else values
        for _ in stage:
            values = keras.layers.ReLU()(_pair(values, next(weights), next(weights)))
        levels.append(values)
    merged = _merge(levels[-_LEVELS:], weights)
    return keras.Model(image, _heads(merged, weights), name="yunet")


def _merge(levels: list[Any], weights: Weights) -> list[Any]:
    """Add each level's features, enlarged, to those of the level with half its stride; least stride first."""
    merged = [keras.layers.ReLU()(_pair(levels[-1], next(weights), next(weights)))]
    for finer in reversed(levels[:-1]):
        enlarged = DepthToSpace()(keras.layers.Concatenate()([merged[0]] * 4))
        total = keras.layers.Add()([finer, enlarged])
        merged.insert(0, keras.layers.ReLU()(_pair(total, next(weights), next(weights))))
    return merged


def _heads(levels: list[Any], weights: Weights) -> list[Any]:
    """Join the heads of each level: one pointwise and one depthwise convolution."""
    pairs = [[(next(weights), next(weights)) for _ in levels] for _ in _HEADS]
    outputs = []
    for number, values in enumerate(levels):
        chosen = [pairs[head][number] for head in _ORDER]
        joined = [[np.concatenate(parts) for parts in zip(*layer, strict=True)] for layer in zip(*chosen, strict=True)]
        outputs.append(_pair(values, *joined))
    return outputs


def _pair(values: Any, pointwise: list[FloatArray], depthwise: list[FloatArray]) -> Any:
    """Apply a pointwise and a 3x3 depthwise convolution, with nothing between them."""
    kernel, bias = depthwise
    layer = keras.layers.DepthwiseConv2D(3, padding="same")
    outputs = layer(_convolution(values, pointwise))
    layer.set_weights([kernel.transpose(2, 3, 0, 1), bias])
    return outputs


def _convolution(values: Any, weights: list[FloatArray], strides: int = 1) -> Any:
    kernel, bias = weights
    layer = keras.layers.Conv2D(len(bias), kernel.shape[2:], strides)
    outputs = layer(values)
    layer.set_weights([kernel.transpose(2, 3, 1, 0), bias])
    return outputs


def _read_weights(path: Path) -> Weights:
    try:
        graph = onnx.load(path).graph
    except (OSError, DecodeError) as error:
        raise ModelError(f"{path}: expected YuNet's ONNX file ({error})") from error
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    if len(nodes) != _CONVOLUTIONS:
        raise ModelError(f"{path}: expected YuNet's {_CONVOLUTIONS} convolutions, got {len(nodes)}")
    return iter([[np.asarray(tensors[name], np.float32) for name in node.input[1:]] for node in nodes])
