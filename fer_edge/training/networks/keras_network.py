"""Network of a .keras file: loaded without running the file's code, checked, and adapted to raw pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_edge.errors import ModelError, first_line
from fer_edge.keras_archive import read_config, require_undamaged
from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.model_card import ModelCard, ScoreKind
from fer_edge.native_logs import chatter_held_back
from fer_edge.scores import require_expressions, require_kind
from fer_edge.stated_facts import TRUST_OPTION
from fer_edge.training.networks.architectures import ARCHITECTURES, INPUT_SHAPE, build

_TRIALS = 4


def load_network(path: Path, architecture: str | None, *, trusted: bool = False) -> keras.Model:
    """Load the network of a .keras file.

    Args:
        path: The file.
        architecture: Architecture by its card. One of `ARCHITECTURES` is built from code, with the file's weights, as
            a .keras file of one Keras version often does not load in another.
        trusted: Whether the user trusts the file, so that any other network may be loaded, in safe mode.

    Returns:
        A functional network from (N, 48, 48, 1) to seven scores. A Sequential network, or one with lists of one input
        and one output, is converted, since it cannot be exported.

    Raises:
        ModelError: If the file is damaged, has another network and is not trusted, has layers of its own code, or has
            other inputs or outputs.
    """
    require_undamaged(path)
    known = architecture in ARCHITECTURES
    if not known and not trusted:
        raise ModelError(
            f"{path}: its network is none of this project's, and loading it runs what the file describes, in Keras' "
            "safe mode, which has been bypassed before (CVE-2025-1550, CVE-2025-8747): if you trust its origin, "
            f"evaluate and export take it with {TRUST_OPTION}"
        )
    try:
        with chatter_held_back():  # of TensorFlow, which looks for a GPU
            if architecture in ARCHITECTURES:
                model = build(architecture)
                model.load_weights(path)
            else:
                model = keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, KeyError, TypeError) as error:
        if not known and (strangers := _layers_with_code(path)):
            raise ModelError(
                f"{path}: it has layers with code of their own ({', '.join(strangers)}), which is never run; build it "
                "from Keras' layers"
            ) from error
        raise ModelError(f"{path}: Keras cannot load it: {first_line(error)}") from error
    _require_shapes(model, path)
    return model if known else keras.Model(model.inputs[0], model.outputs[0])


def from_raw_pixels(model: keras.Model, card: ModelCard) -> keras.Model:
    """Return `model` with layers added so that it maps raw pixels, 0..255, to probabilities.

    Args:
        model: Network whose input range and kind of scores are those of the card.
        card: Card of the network.
    """
    if card.takes_raw_pixels:
        return model
    minimum, maximum = card.input.range
    taken = {layer.name for layer in model.layers}
    rescale = keras.layers.Rescaling((maximum - minimum) / 255, minimum, name=_unique("scale_pixels", taken))

    def scaled(tensor: Any) -> Any:
        return rescale(tensor) if isinstance(tensor._keras_history.operation, keras.layers.InputLayer) else tensor

    def call(layer: keras.layers.Layer, *tensors: Any, **options: Any) -> Any:
        return layer(*keras.tree.map_structure(scaled, tensors), **options)

    rebuilt = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
    scores = rebuilt.outputs[0]
    if card.scores is ScoreKind.LOGITS:
        scores = keras.layers.Softmax(dtype="float32", name=_unique("probabilities", taken))(scores)
    return keras.Model(rebuilt.inputs[0], scores)


def _unique(name: str, taken: set[str]) -> str:
    return name if name not in taken else _unique(f"{name}_", taken)


def require_fitting(model: keras.Model, card: ModelCard, path: Path) -> None:
    """Check size and labels of a card.

    Raises:
        ModelError: If it has another size than the network, or other labels than the expressions.
    """
    size_wh = INPUT_SHAPE[1], INPUT_SHAPE[0]
    if card.input.size_wh != size_wh:
        raise ModelError(f"{path}: its card says {card.input.size_wh}, its network takes {size_wh}; save it again")
    require_expressions(card.labels, path)


def try_out(model: keras.Model, card: ModelCard, path: Path) -> None:
    """Check the scores of a few random images.

    Raises:
        ModelError: If they are not of the kind that the card states.
    """
    images = np.random.default_rng(0).integers(0, 256, (_TRIALS, *INPUT_SHAPE), np.uint8)
    raw = model.predict_on_batch(card.input.scale(images).astype(np.float32))
    require_kind(np.asarray(raw), card.scores, path)


def _require_shapes(model: keras.Model, path: Path) -> None:
    """Raise unless there is one input, of 48x48 gray faces, and one output, of seven scores."""
    # An unbuilt model has none.
    edges = (getattr(model, name, None) or () for name in ("inputs", "outputs"))
    inputs, outputs = ([tuple(each.shape) for each in tensors] for tensors in edges)
    if not inputs:
        raise ModelError(f"{path}: it was saved before it was built; add keras.Input({INPUT_SHAPE}) as its first layer")
    if inputs != [(None, *INPUT_SHAPE)] or outputs != [(None, NUM_EXPRESSIONS)]:
        raise ModelError(
            f"{path}: expected a model from {(None, *INPUT_SHAPE)} to {NUM_EXPRESSIONS} scores, got one from "
            f"{_listed(inputs)} to {_listed(outputs)}: it is for other images than 48x48 gray faces, or another task"
        )


def _listed(shapes: list[tuple[int | None, ...]]) -> str:
    return " and ".join(map(str, shapes))


def _layers_with_code(path: Path) -> list[str]:
    """Return the names of Lambda layers and of layers that are not Keras' own."""
    return sorted(set(_class_names(read_config(path))))


def _class_names(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        name, module = config.get("class_name"), config.get("module") or ""
        if name == "Lambda" or (name and "module" in config and module.split(".")[0] not in ("keras", "builtins")):
            yield str(name)
    inner = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    for each in inner:
        yield from _class_names(each)
