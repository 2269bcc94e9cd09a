"""Network of a .keras file: loaded without running the file's code, checked, and adapted to raw pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import ModelError, first_line
from fer_edge.keras_archive import read_config, require_undamaged
from fer_edge.picture_form import GRAY, RGB, PictureForm
from fer_edge.scores import ScoreKind, require_kind
from fer_edge.terminal.native_logs import chatter_held_back
from fer_edge.training.networks.architectures import ARCHITECTURES, build
from fer_edge.training.networks.blocks import Task
from fer_edge.training.networks.nesting import with_fresh_layers, without_nesting
from fer_edge.training.networks.other_formats import (
    has_code_message,
    is_other_format,
    layers_with_code,
    load_other_format,
)

_TRIALS = 4


def load_network(path: Path, card: ModelCard | None, *, trusted: bool = False) -> keras.Model:
    """Load the network of a .keras file.

    Args:
        path: The file.
        card: The file's card. An architecture of `ARCHITECTURES` is built from code, with the file's weights, as a
            .keras file of one Keras version often does not load in another.
        trusted: Whether the user trusts the file, so that any other network may be loaded, in safe mode.

    Returns:
        A functional network from (N, H, W, 1 or 3) to scores. A Sequential network, or one with lists of one input and
        one output, is converted, since it cannot be exported; networks within it are replaced by their layers.

    Raises:
        ModelError: If the file is damaged, has another network and is not trusted, has layers of its own code, or has
            other inputs or outputs.
    """
    if not is_other_format(path):
        require_undamaged(path)
    known = card is not None and card.architecture in ARCHITECTURES
    if not known and not trusted:
        raise ModelError(
            f"{path}: its network is none of this project's, and loading it runs what the file describes, in Keras' "
            "safe mode, which has been bypassed before (CVE-2025-1550, CVE-2025-8747): if you trust its origin, "
            "evaluate and export take it with trusted=True"
        )
    try:
        with chatter_held_back():  # of TensorFlow, which looks for a GPU
            if card is not None and known:
                model = build(card.architecture, task=task_of(card))
                model.load_weights(path)
            elif is_other_format(path):
                model = load_other_format(path)
            else:
                model = keras.models.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, KeyError, TypeError) as error:
        if not known and not is_other_format(path) and (strangers := layers_with_code(read_config(path))):
            raise ModelError(has_code_message(path, strangers)) from error
        raise ModelError(f"{path}: Keras cannot load it: {first_line(error)}") from error
    _require_shapes(model, path)
    return model if known else without_nesting(model)


def task_of(card: ModelCard) -> Task:
    """Return the input and the number of classes of a card's network."""
    return Task(card.input.form, len(card.labels))


def form_of(model: keras.Model) -> PictureForm:
    """Return size and colour of a loaded network's input."""
    _, height, width, channels = model.inputs[0].shape
    return PictureForm(width, height, GRAY if channels == 1 else RGB)


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
        is_input = isinstance(tensor, keras.KerasTensor) and isinstance(
            tensor._keras_history.operation, keras.layers.InputLayer
        )
        return rescale(tensor) if is_input else tensor

    def call(layer: keras.layers.Layer, *tensors: Any, **options: Any) -> Any:
        return layer(*keras.tree.map_structure(scaled, tensors), **options)

    rebuilt = keras.models.clone_model(model, clone_function=lambda layer: layer, call_function=call)
    scores = rebuilt.outputs[0]
    if card.scores is ScoreKind.LOGITS:
        scores = keras.layers.Softmax(dtype="float32", name=_unique("probabilities", taken))(scores)
    return with_fresh_layers(keras.Model(rebuilt.inputs[0], scores))


def _unique(name: str, taken: set[str]) -> str:
    return name if name not in taken else _unique(f"{name}_", taken)


def require_fitting(model: keras.Model, card: ModelCard, path: Path) -> None:
    """Check size, colour and labels of a card.

    Raises:
        ModelError: If it has another size or colour than the network, or as many labels as the network has no scores.
    """
    form = form_of(model)
    if card.input.form != form:
        raise ModelError(f"{path}: its card says {card.input.form}, its network takes {form}; save it again")
    scores = model.outputs[0].shape[1]
    if len(card.labels) != scores:
        raise ModelError(
            f"{path}: expected a name for each of its {scores} scores, got {len(card.labels)}: {', '.join(card.labels)}"
        )


def try_out(model: keras.Model, card: ModelCard, path: Path) -> None:
    """Check the scores of a few random images.

    Raises:
        ModelError: If they are not of the kind that the card states.
    """
    images = np.random.default_rng(0).integers(0, 256, (_TRIALS, *card.input.form.input_shape), np.uint8)
    raw = model.predict_on_batch(card.input.scale(images).astype(np.float32))
    require_kind(np.asarray(raw), card.scores, path)


def _require_shapes(model: keras.Model, path: Path) -> None:
    """Raise unless there is one input, of gray or RGB faces, and one output, of two or more scores."""
    # An unbuilt model has none.
    edges = (getattr(model, name, None) or () for name in ("inputs", "outputs"))
    inputs, outputs = ([tuple(each.shape) for each in tensors] for tensors in edges)
    if not inputs:
        raise ModelError(f"{path}: it was saved before it was built; add keras.Input((48, 48, 1)) as its first layer")
    if not (len(inputs) == len(outputs) == 1 and _is_image(inputs[0]) and _is_scores(outputs[0])):
        raise ModelError(
            f"{path}: expected a model from images of known size such as (None, 48, 48, 1) or (None, 96, 96, 3) to two "
            f"or more scores, got one from {_listed(inputs)} to {_listed(outputs)}: it is for another task"
        )


def _is_image(shape: tuple[int | None, ...]) -> bool:
    return len(shape) == 4 and None not in shape[1:] and shape[3] in (1, 3)


def _is_scores(shape: tuple[int | None, ...]) -> bool:
    return len(shape) == 2 and (shape[1] or 0) >= 2


def _listed(shapes: list[tuple[int | None, ...]]) -> str:
    return " and ".join(map(str, shapes))
