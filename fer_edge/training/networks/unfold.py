"""Reconstruction of a trained network from its TFLite file, to start training from it.

Export folds each BatchNormalization into the kernel before it. The reconstructed one changes nothing: its statistics
are those of given images, and its scale and offset undo them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.tflite import operators_of, tflite_graph
from fer_edge.scores import FloatArray
from fer_edge.training.networks.architectures import ARCHITECTURES, build
from fer_edge.training.networks.keras_network import task_of

_TO_KERAS = {"CONV_2D": (1, 2, 3, 0), "DEPTHWISE_CONV_2D": (1, 2, 3, 0), "FULLY_CONNECTED": (1, 0)}
"""Operators with kernels, and the permutation of a kernel's axes to Keras' order."""

_WEIGHTED = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)
_BATCH = 256


class _Folded(NamedTuple):
    kernel: FloatArray
    bias: FloatArray


def unfold(path: Path, images: FloatArray) -> keras.Model:
    """Build the network of a TFLite file, with the file's weights.

    Args:
        path: File that `fer-edge export` wrote for one of `ARCHITECTURES`.
        images: Some thousand images of the file's form to measure the statistics on, float32 (N, H, W, channels),
            0..255.

    Returns:
        The network, whose scores are the file's apart from the rounding of activations.

    Raises:
        ModelError: If it is no such file.
    """
    card = read_card(path)
    architecture = card.architecture
    if architecture not in ARCHITECTURES:
        raise ModelError(f"{path}: expected a network of this project, got {architecture}")
    model = build(architecture, task=task_of(card))
    layers = [layer for layer in model.layers if isinstance(layer, _WEIGHTED)]
    stored = _stored_weights(path)
    if [layer.kernel.shape for layer in layers] != [each.kernel.shape for each in stored]:
        raise ModelError(f"{path}: expected the kernels of a {architecture}, got {len(stored)} of other shapes")
    offset = np.zeros(1, np.float32)
    for layer, folded in zip(layers, stored, strict=True):
        layer.kernel.assign(folded.kernel)
        offset = folded.bias + _through(folded.kernel, offset)
        if layer.use_bias:
            layer.bias.assign(offset)
            offset = np.zeros(1, np.float32)
        normalization = model.layers[model.layers.index(layer) + 1 :][:1]
        if normalization and isinstance(normalization[0], keras.layers.BatchNormalization):
            _let_through(normalization[0], offset, keras.Model(model.input, layer.output), images)
            offset = np.zeros(1, np.float32)
    return model


def _through(kernel: FloatArray, offset: FloatArray) -> FloatArray:
    """Return the change of a layer's outputs by an offset of its inputs, which the layer before left."""
    return np.einsum("hwio,i->o", kernel, offset) if offset.any() else np.zeros(1, np.float32)


def _let_through(normalization: Any, offset: FloatArray, until: keras.Model, images: FloatArray) -> None:
    """Let a BatchNormalization add `offset` and change nothing else; `until` is the network up to its input."""
    moments = []
    for start in range(0, len(images), _BATCH):
        values = np.asarray(until(images[start : start + _BATCH], training=False), np.float64)
        values = values.reshape(-1, values.shape[-1])
        moments.append((values.sum(axis=0), (values**2).sum(axis=0), len(values)))
    total, squares, count = (sum(part) for part in zip(*moments, strict=True))
    mean = total / count
    variance = np.maximum(squares / count - mean**2, 0)
    normalization.set_weights([np.sqrt(variance + normalization.epsilon), mean + offset, mean, variance])


def _stored_weights(path: Path) -> list[_Folded]:
    interpreter = tflite_graph(path)
    details = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = operators_of(interpreter)
    halves = {int(op["outputs"][0]): int(op["inputs"][0]) for op in operators if op["op_name"] == "DEQUANTIZE"}

    def values(index: int) -> FloatArray:
        index = halves.get(index, index)
        return _dequantized(interpreter.get_tensor(index), details[index]["quantization_parameters"])

    return [
        _Folded(values(int(op["inputs"][1])).transpose(_TO_KERAS[op["op_name"]]), values(int(op["inputs"][2])))
        for op in operators
        if op["op_name"] in _TO_KERAS
    ]


def _dequantized(stored: npt.NDArray[Any], parameters: dict[str, Any]) -> FloatArray:
    scales, zeros = parameters["scales"], parameters["zero_points"]
    if not len(scales):
        return stored.astype(np.float32)
    shape = [1] * stored.ndim
    shape[parameters["quantized_dimension"]] = -1
    values = (stored.astype(np.float64) - zeros.reshape(shape)) * scales.reshape(shape)
    return np.asarray(values, np.float32)
