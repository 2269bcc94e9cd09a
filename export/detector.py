"""The face detector as TFLite files: float16 weights, and int8 as classifiers are quantized."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from export.clipping import Rounded, clip_activations
from export.preparation import prepare_for_integers
from export.ranges import in_batches
from export.tflite import convert_to_tflite
from export.yunet import build_yunet
from fer_edge.cards.detector_card import OUTPUTS, DetectorCard, append_detector_card
from fer_edge.files import sha256_file
from fer_edge.precision import Precision
from fer_edge.runtime.faces.yunet import TFLiteYuNet
from fer_edge.scores import FloatArray
from fer_edge.temporary import temporary_folder
from fer_edge.versions import tool_versions

_LOGITS = 2
_LEAST_LOGIT = -8.0
"""Logits below it are stored as it: a confidence of 0.02."""
_CANDIDATE = 0.1
"""Least product of both shares, a confidence of 0.3, of anchors whose boxes and landmarks determine stored ranges."""
_MARGIN = 0.1
"""Added at both ends of a seen range, in spans of it."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Frames as the detector sees them.

    Attributes:
        images: uint8 (N, H, W, 3) BGR, with sides that are multiples of 32.
    """

    images: npt.NDArray[np.uint8]

    def inputs(self) -> FloatArray:
        """Return float32 (N, H + 1, W + 1, 3) with the network's padding; a byte's both ends occur.

        With exactly that span the int8 input's scale is 1: a pixel needs no arithmetic.
        """
        padded = np.pad(self.images, ((0, 0), (1, 0), (1, 0), (0, 0))).astype(np.float32)
        padded[0, -1, -1] = 255
        return padded

    def sha256(self) -> str:
        """Return the digest of all pixels."""
        return hashlib.sha256(self.images.tobytes()).hexdigest()


def export_detector(parent: Path, precision: Precision, calibration: Pictures) -> tuple[bytes, DetectorCard]:
    """Return the bare model and its card, as yet without its verification.

    Args:
        parent: YuNet's ONNX file.
        precision: `INT8`, or a float one.
        calibration: Frames, also of the size that a file's input has until it is resized.

    Raises:
        ModelError: If `parent` is not YuNet.
        FerEdgeError: If TensorFlow cannot convert the network.
    """
    height, width = calibration.images.shape[1:3]
    network = build_yunet(parent, (width, height))
    card = DetectorCard(
        "yunet", "YuNet 2023mar", precision=precision.value, parent_sha256=sha256_file(parent), tools=tool_versions(),
        licence="MIT; Copyright (C) 2021, Shenzhen Institute of Artificial Intelligence and Robotics for Society",
    )  # fmt: skip
    if precision is not Precision.INT8:
        return convert_to_tflite(network, precision), card
    values = _float_values(network, calibration.inputs())
    low, high = _output_ranges(values)
    scale, offset = (high - low) / np.float32(2), (high + low) / np.float32(2)
    _normalize_outputs(network, scale, offset)
    prepared = prepare_for_integers(network, calibration.inputs())
    clipped = clip_activations(prepared, calibration.inputs())
    stored = keras.Model(clipped.input, [Rounded(-1.0, 1.0)(output) for output in clipped.outputs])
    content = convert_to_tflite(stored, precision, calibration=calibration)
    card = replace(
        card,
        output_scale=tuple(scale.tolist()),
        output_offset=tuple(offset.tolist()),
        calibration_sha256=calibration.sha256(),
    )
    bias = _bias(content, card, calibration, values)
    return content, replace(card, output_offset=tuple((offset + bias).tolist()))


def _float_values(network: keras.Model, images: FloatArray) -> FloatArray:
    """Return the network's numbers for each anchor of each image, float32 (N, anchors, 16)."""
    batches = []
    for batch in in_batches(images):
        levels = network.predict_on_batch(batch)
        batches.append(np.concatenate([level.reshape(len(batch), -1, OUTPUTS) for level in levels], axis=1))
    return np.concatenate(batches)


def _are_candidates(values: FloatArray) -> npt.NDArray[np.bool_]:
    shares = 1 / (1 + np.exp(-values[..., :_LOGITS]))
    return np.asarray(shares.prod(axis=-1) >= _CANDIDATE)


def _output_ranges(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the least and the largest stored value of each of an anchor's numbers, float32 (16,) each.

    Boxes and landmarks of anchors that no face is at have no meaning, and span far more.
    """
    faces = values[_are_candidates(values)]
    low, high = faces.min(axis=0), faces.max(axis=0)
    margin = _MARGIN * (high - low)
    low, high = low - margin, high + margin
    low[:_LOGITS] = _LEAST_LOGIT
    return low, high


def _bias(content: bytes, card: DetectorCard, calibration: Pictures, values: FloatArray) -> FloatArray:
    """Return by how much an int8 file's numbers are too low, float32 (16,), in the mean of the anchors at faces."""
    with temporary_folder() as folder:
        path = folder / "detector.tflite"
        path.write_bytes(append_detector_card(content, card))
        yunet = TFLiteYuNet(path, 0.5)
        rounded = np.stack([yunet.values(image) for image in calibration.images])
    chosen = _are_candidates(values)
    return np.asarray((values[chosen] - rounded[chosen]).mean(axis=0), np.float32)


def _normalize_outputs(network: keras.Model, scale: FloatArray, offset: FloatArray) -> None:
    """Make the outputs `(output - offset) / scale`, in place, so that each number fills the range of int8."""
    for output in network.outputs:
        layer = output._keras_history.operation
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel / scale[:, np.newaxis], (bias - offset) / scale])
