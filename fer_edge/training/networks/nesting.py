"""Networks inside a network, such as one of `keras.applications` as a layer: their layers take their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras


def without_nesting(model: keras.Model) -> keras.Model:
    """Return a functional network of layers alone, with the same scores: what prepares int8 works layer by layer.

    A layer whose name another one has gets an underscore appended. The given network cannot be used any more.
    """
    taken: set[str] = set()
    for operation in _operations(model):
        while operation.name in taken:
            operation.name += "_"
        taken.add(operation.name)
    whole = flat = keras.Model(model.inputs[0], model.outputs[0])
    while any(isinstance(layer, keras.Model) for layer in flat.layers):
        flat = keras.models.clone_model(flat, clone_function=lambda layer: layer, call_function=_call_inside)
    return whole if flat is whole else with_fresh_layers(flat)


def with_fresh_layers(model: keras.Model) -> keras.Model:
    """Return a copy whose layers are connected to each other alone.

    Layers that belong to several networks at once name the inputs and readers of all of them.
    """
    if any(isinstance(layer, keras.layers.TFSMLayer) for layer in model.layers):
        return model  # the graph of a SavedModel cannot be copied, and nothing asks for its readers
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def _operations(model: keras.Model) -> Iterator[Any]:
    """Yield what the network, and each network in it, is made of, but those networks."""
    for operation in keras.Model(model.inputs, model.outputs).operations:
        if isinstance(operation, keras.Model):
            yield from _operations(operation)
        else:
            yield operation


def _call_inside(layer: Any, *tensors: Any, **options: Any) -> Any:
    """Call a layer, or what a network does, without that network around it."""
    return layer.call(*tensors, **options) if isinstance(layer, keras.Model) else layer(*tensors, **options)
