"""The same network with a range for each activation that int8 suits: often narrower than what was seen.

One scale holds for a whole tensor, and its largest value may be three times as large as nearly all others. Clipping it
makes all steps finer.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.equalization import only_reader

FloatArray = npt.NDArray[np.float32]

_NORM = 2.4
"""The power of a rounding error whose mean chooses a range, as in BRECQ (Li et al., 2021): 2 clips too much."""

_SHARES = np.linspace(1, 0.4, 25)
"""Of a seen range's end: what is tried."""

_BATCH = 50
_SAMPLES = 200_000
"""Values looked at in each tensor, of all images."""

_PRODUCERS = (
    keras.layers.Conv2D,
    keras.layers.DepthwiseConv2D,
    keras.layers.Dense,
    keras.layers.Add,
    keras.layers.ReLU,
    keras.layers.Activation,
)
_FUSED = (keras.layers.ReLU, keras.layers.Activation)


class _Rounded(keras.layers.Layer):
    """Rounds to int8's steps between two ends, which TensorFlow's converter takes for the tensor's range."""

    def __init__(self, low: float, high: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._low, self._high = low, high

    def call(self, inputs: Any) -> Any:
        return tf.quantization.fake_quant_with_min_max_args(inputs, self._low, self._high)


def clip_activations(model: keras.Model, images: FloatArray) -> keras.Model:
    """A new network that rounds its activations as an int8 file does, within ranges that lose least.

    What is not named here, such as the input, what pooling returns, and the logits, keeps the range that the converter
    measures.

    Args:
        model: A network that `prepare_for_integers` returned.
        images: float32 (N, H, W, 1), 0..255, to choose ranges by.
    """
    producers = [layer for layer in model.layers if _is_stored(layer)]
    ranges = dict(zip([layer.name for layer in producers], _ranges(model, producers, images), strict=True))

    def call(layer: keras.layers.Layer, inputs: Any, *_: Any, **__: Any) -> Any:
        low, high = ranges.get(layer.name, (0.0, 0.0))
        return _Rounded(low, high)(layer(inputs)) if low < high else layer(inputs)

    clipped = keras.models.clone_model(model, call_function=call)
    for layer in clipped.layers:
        if layer.weights:
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return clipped


def best_range(values: FloatArray, low: float, high: float) -> tuple[float, float]:
    """The range within `low`..`high` in which int8 loses least of float32 `values` of any shape; 0 lies in all."""
    high = min(_SHARES * high, key=lambda end: _loss(values, low, end))
    low = min(_SHARES * low, key=lambda end: _loss(values, end, high))
    return float(low), float(high)


def _loss(values: FloatArray, low: float, high: float) -> float:
    if low == high:
        return float("inf")
    step = (high - low) / 255
    return float((np.abs(np.rint(np.clip(values, low, high) / step) * step - values) ** _NORM).mean())


def _ranges(model: keras.Model, producers: list[keras.layers.Layer], images: FloatArray) -> list[tuple[float, float]]:
    if not producers:
        return []
    network = keras.Model(model.input, [layer.output for layer in producers])
    random = np.random.default_rng(0)
    samples: list[list[FloatArray]] = [[] for _ in producers]
    ends = np.zeros((len(producers), 2))
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        outputs = network.predict_on_batch(batch)
        for i, output in enumerate(outputs if len(producers) > 1 else [outputs]):
            ends[i] = min(ends[i, 0], output.min()), max(ends[i, 1], output.max())
            samples[i].append(random.choice(output.ravel(), _SAMPLES * len(batch) // len(images)))
    return [best_range(np.concatenate(each), *map(float, end)) for each, end in zip(samples, ends, strict=True)]


def _is_stored(layer: keras.layers.Layer) -> bool:
    """Whether arithmetic makes a tensor that a file has: not one that an activation is fused into, nor the scores."""
    return isinstance(layer, _PRODUCERS) and bool(layer._outbound_nodes) and not isinstance(only_reader(layer), _FUSED)
