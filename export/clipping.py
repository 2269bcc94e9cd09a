"""Clipped activation ranges for int8, chosen for the least rounding error.

One scale holds for a whole tensor, and its largest value may be three times as large as nearly all others. Clipping it
makes all steps finer.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from export.equalization import only_reader
from export.folding import call_for_scores
from export.ranges import Range, best_ranges, in_batches
from fer_edge.scores import FloatArray

_PRODUCERS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dense,
    keras.layers.Add,
    keras.layers.ReLU,
    keras.layers.Activation,
)
_FUSED = (keras.layers.ReLU, keras.layers.Activation)


class Rounded(keras.layers.Layer):
    """Rounds to int8 steps between two ends, which TensorFlow's converter takes for the tensor's range."""

    def __init__(self, low: float, high: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._low, self._high = low, high

    def call(self, inputs: Any) -> Any:
        """Round and clip `inputs`."""
        return tf.quantization.fake_quant_with_min_max_args(inputs, self._low, self._high)


def clip_activations(model: keras.Model, images: FloatArray) -> keras.Model:
    """Return a copy of a network that rounds its activations as an int8 file does, within the best ranges.

    Other tensors, such as the input, the output of pooling and the logits, keep the range that the converter measures.

    Args:
        model: A network that `prepare_for_integers` returned.
        images: float32 (N, H, W, 1), 0..255, to choose ranges by.
    """
    producers = [layer for layer in model.layers if _is_stored(layer)]
    ranges = dict(zip([layer.name for layer in producers], _ranges(model, producers, images), strict=True))

    def call(layer: keras.layers.Layer, *inputs: Any, **options: Any) -> Any:
        low, high = ranges.get(layer.name, (0.0, 0.0))
        outputs = call_for_scores(layer, *inputs, **options)
        return Rounded(low, high)(outputs) if low < high else outputs

    clipped = keras.models.clone_model(model, call_function=call)
    for layer in clipped.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return clipped


def _ranges(model: keras.Model, producers: list[keras.layers.Layer], images: FloatArray) -> list[Range]:
    if not producers:
        return []
    network = keras.Model(model.input, [layer.output for layer in producers])

    def outputs(batch: FloatArray) -> list[FloatArray]:
        values = network.predict_on_batch(batch)
        return list(values) if len(producers) > 1 else [values]

    return best_ranges((outputs(batch) for batch in in_batches(images)), len(producers), len(images))


def _is_stored(layer: keras.layers.Layer) -> bool:
    """Return true if the file stores this layer's output: neither fused into an activation, nor the scores."""
    return isinstance(layer, _PRODUCERS) and bool(layer._outbound_nodes) and not isinstance(only_reader(layer), _FUSED)
