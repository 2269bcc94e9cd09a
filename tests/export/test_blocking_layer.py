from __future__ import annotations

import keras
import pytest

from export.blocking_layer import find_blocking_layer
from export.tflite import convert_to_tflite
from fer_edge.errors import FerEdgeError
from fer_edge.precision import Precision


def network(*layers: keras.layers.Layer) -> keras.Model:
    """Return a functional network of these layers."""
    x = inputs = keras.Input((16, 16, 1))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


class Inverse(keras.layers.Layer):  # type: ignore[misc]
    """Operation that TFLite has no kernel for."""

    def call(self, inputs: object) -> object:
        """Return the inverse error function."""
        return keras.ops.erfinv(inputs)


def to_tflite(model: keras.Model) -> bytes:
    """Convert to float TFLite."""
    return convert_to_tflite(model, Precision.FP32)


@pytest.mark.slow
def test_first_layer_that_tflite_cannot_hold_is_named() -> None:
    model = network(
        keras.layers.Conv2D(2, 3), Inverse(name="odd"), keras.layers.Flatten(), keras.layers.Dense(2, name="last")
    )
    assert find_blocking_layer(model, to_tflite) == '"odd" (Inverse)'


def test_no_layer_is_named_where_every_part_converts() -> None:
    assert find_blocking_layer(network(keras.layers.Flatten(), keras.layers.Dense(2)), lambda _: None) is None


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_search_finds_each_place(number: int) -> None:
    model = network(*(keras.layers.ReLU(name=f"r{i}") for i in range(4)))

    def convert(part: keras.Model) -> None:
        if any(layer.name == f"r{number}" for layer in part.layers):
            raise FerEdgeError("no")

    assert find_blocking_layer(model, convert) == f'"r{number}" (ReLU)'
