"""Folding of each BatchNormalization into the layer before it, and removal of Dropout."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from fer_edge.scores import FloatArray

_FOLDABLE = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)


class _FixedFlatten(keras.layers.Layer):
    """Flattens to a length known when the graph is built, which leaves no shape arithmetic in it."""

    def call(self, inputs: Any) -> Any:
        return keras.ops.reshape(inputs, (-1, int(np.prod(inputs.shape[1:]))))


def fold(model: keras.Model) -> keras.Model:
    """Return a network with the same scores and fewer operations.

    A BatchNormalization is folded if its input is a linear Conv2D, DepthwiseConv2D or Dense that nothing else reads;
    others stay. tf2onnx would leave a multiplication and an addition for each, and an int8 graph would round after
    both.
    """
    absorbed_by = {
        producer.name: layer for layer in model.layers if (producer := _foldable_producer(layer)) is not None
    }
    absorbed = {layer.name for layer in absorbed_by.values()}

    def replace(layer: keras.layers.Layer) -> keras.layers.Layer:
        if layer.name in absorbed or isinstance(layer, keras.layers.Dropout):
            return keras.layers.Identity(name=layer.name)
        if isinstance(layer, keras.layers.Flatten):
            return _FixedFlatten(name=layer.name)
        config = layer.get_config()
        if layer.name in absorbed_by:
            config["use_bias"] = True
        return layer.__class__.from_config(config)

    folded = keras.models.clone_model(model, clone_function=replace, call_function=call_for_scores)
    for layer in folded.layers:
        if layer.name in absorbed_by:
            layer.set_weights(_folded_weights(model.get_layer(layer.name), absorbed_by[layer.name]))
        elif layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return folded


def call_for_scores(layer: Any, *tensors: Any, training: bool | None = None, mask: Any = None, **options: Any) -> Any:
    """Call a layer or an operation such as a division; what only training and sequences need is left out."""
    return layer(*tensors, **options)


def _foldable_producer(layer: keras.layers.Layer) -> keras.layers.Layer | None:
    if not isinstance(layer, keras.layers.BatchNormalization):
        return None
    producer = layer.input._keras_history.operation
    linear = isinstance(producer, _FOLDABLE) and producer.activation is keras.activations.linear
    return producer if linear and len(producer._outbound_nodes) == 1 else None


def _folded_weights(producer: keras.layers.Layer, normalization: keras.layers.BatchNormalization) -> list[FloatArray]:
    """Return the kernel and bias that give the normalized output directly."""
    gamma, beta, mean, variance = normalization.get_weights()
    kernel, *bias = producer.get_weights()
    factor = gamma / np.sqrt(variance + normalization.epsilon)
    if isinstance(producer, keras.layers.DepthwiseConv2D):  # its kernel has the input's channels before its multiplier
        kernel = (kernel.reshape(*kernel.shape[:2], -1) * factor).reshape(kernel.shape)
    else:
        kernel = kernel * factor
    return [kernel, beta + ((bias[0] if bias else 0.0) - mean) * factor]
