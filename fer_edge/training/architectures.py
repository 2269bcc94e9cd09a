"""The networks that can be trained, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from fer_edge.labels import NUM_EXPRESSIONS

INPUT_SHAPE = (48, 48, 1)
"""Height, width and channels: FER2013's 48x48 grayscale faces."""


@dataclass(frozen=True)
class LayerSet:
    """The classes that an architecture is put together from, where more than one computes the same."""

    batch_normalization: Callable[[], Any] = keras.layers.BatchNormalization
    dropout: Callable[[float], Any] = keras.layers.Dropout


def documented_cnn(layers: LayerSet | None = None) -> keras.Model:
    """Build the documented CNN: three convolutions, two dense layers, 5,655,815 parameters.

    Args:
        layers: The layer classes to use; Keras' own by default.

    Returns:
        A model from raw pixels, float32 (N, 48, 48, 1) in 0..255, to probabilities, float32 (N, 7), in the
        order of `fer_edge.labels.EXPRESSIONS`.
    """
    layers = layers or LayerSet()
    inputs = keras.Input(INPUT_SHAPE, name="image")
    x = inputs
    for filters, size in ((64, 3), (128, 5), (512, 3)):
        x = keras.layers.Conv2D(filters, size, padding="same")(x)
        x = layers.batch_normalization()(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D(2)(x)
        x = layers.dropout(0.25)(x)
    x = keras.layers.Flatten()(x)
    for units in (256, 512):
        x = keras.layers.Dense(units)(x)
        x = layers.batch_normalization()(x)
        x = keras.layers.ReLU()(x)
        x = layers.dropout(0.25)(x)
    # float32 whatever the policy: a probability in bfloat16 has 8 bits.
    scores = keras.layers.Dense(NUM_EXPRESSIONS, activation="softmax", dtype="float32", name="scores")(x)
    return keras.Model(inputs, scores, name="documented")


ARCHITECTURES: dict[str, Callable[[LayerSet | None], keras.Model]] = {"documented": documented_cnn}
