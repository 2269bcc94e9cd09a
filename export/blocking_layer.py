"""Search for the layer at which a network can no longer be converted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from fer_edge.errors import FerEdgeError


def find_blocking_layer(model: keras.Model, convert: Callable[[keras.Model], object]) -> str | None:
    """Return name and class of the first layer such that the network up to it cannot be converted.

    Args:
        model: Functional network that cannot be converted as a whole.
        convert: Converts a network, or raises `FerEdgeError`.

    Returns:
        Text such as `"mix" (Dense)`; None if no part of the network fails.
    """
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    low, high = 0, len(layers)  # the network up to layer `high` fails
    while low < high:
        middle = (low + high) // 2
        if _converts(model, layers[middle], convert):
            low = middle + 1
        else:
            high = middle
    return None if low == len(layers) else f'"{layers[low].name}" ({type(layers[low]).__name__})'


def _converts(model: keras.Model, layer: Any, convert: Callable[[keras.Model], object]) -> bool:
    try:
        convert(keras.Model(model.inputs, layer.output))
    except FerEdgeError:
        return False
    return True
