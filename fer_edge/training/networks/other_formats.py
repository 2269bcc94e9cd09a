"""Networks of other tools in Keras' older formats, .h5 and SavedModel, loaded without running a file's Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import keras
import tensorflow as tf

from fer_edge.bounded_json import parse_json
from fer_edge.errors import ModelError, first_line

_H5 = (".h5", ".hdf5")
_SAVED_MODEL = "saved_model.pb"
_ENDPOINT = "serving_default"


def is_other_format(path: Path) -> bool:
    """Return whether a path is named like an .h5 file, or is the folder of a SavedModel."""
    return path.suffix.lower() in _H5 or (path / _SAVED_MODEL).is_file()


def load_other_format(path: Path) -> keras.Model:
    """Load an .h5 file, or wrap the signature `serving_default` of a SavedModel.

    Raises:
        ModelError: If the .h5 file holds weights only, layers with code, or operations; if the SavedModel is
            incomplete, or has other inputs.
    """
    return _load_h5(path) if path.suffix.lower() in _H5 else _wrap_saved_model(path)


def layers_with_code(config: Any) -> list[str]:
    """Return the names of Lambda layers and of layers that are not Keras' own in a network's description."""
    return sorted(set(_class_names(config)))


def has_code_message(path: Path, layers: list[str]) -> str:
    """Return the error for a file with such layers."""
    return (
        f"{path}: it has layers with code of their own ({', '.join(layers)}), which is never run; build it from "
        "Keras' layers"
    )


def _load_h5(path: Path) -> keras.Model:
    with h5py.File(path, "r") as file:
        text = file.attrs.get("model_config")
    if text is None:
        raise ModelError(f"{path}: it holds weights without their network; save the whole model: model.save('m.keras')")
    # Before loading: Keras below 3.11.3 runs the code of Lambda layers of .h5 files even in safe mode (CVE-2025-9905).
    if strangers := layers_with_code(parse_json(text if isinstance(text, bytes) else str(text).encode())):
        raise ModelError(has_code_message(path, strangers))
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except ValueError as error:
        operation = re.match(r"Unknown layer: '?(\w+)", str(error))
        if operation is None:
            raise
        raise ModelError(
            f"{path}: Keras cannot load from .h5 the operation {operation[1]}, such as one of preprocess_input; save "
            "the network as .keras where it was made, or with Rescaling in place of it"
        ) from error


def _wrap_saved_model(path: Path) -> keras.Model:
    try:
        layer = keras.layers.TFSMLayer(path, call_endpoint=_ENDPOINT)
    except tf.errors.OpError as error:  # no ValueError or OSError, if a file in it is missing or damaged
        raise ModelError(f"{path}: TensorFlow cannot load it: {first_line(error)}; copy the whole folder") from error
    try:
        _, named = layer.call_endpoint_fn.structured_input_signature
        (spec,) = named.values()
        height, width, channels = (int(side) for side in spec.shape[1:])
    except (AttributeError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: expected a signature {_ENDPOINT} with one image of known size, got another ({first_line(error)})"
        ) from error
    image = keras.Input((height, width, channels), name="image")
    outputs = layer(image)
    return keras.Model(image, next(iter(outputs.values())) if isinstance(outputs, dict) else outputs)


def _class_names(config: Any) -> Iterator[str]:
    if isinstance(config, dict):
        name, module = config.get("class_name"), config.get("module") or ""
        if name == "Lambda" or (name and "module" in config and module.split(".")[0] not in ("keras", "builtins")):
            yield str(name)
    inner = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    for each in inner:
        yield from _class_names(each)
