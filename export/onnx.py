"""Conversion of Keras models to ONNX: float32 by tf2onnx, int8 as QDQ pairs by onnxruntime."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnxruntime import InferenceSession
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.calibration import CalibrationSet
from export.onnx_graph import clippable_activations
from export.ranges import best_ranges, in_batches
from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.inference.onnx_card import append_card_to_onnx
from fer_edge.precision import Precision
from fer_edge.temporary import temporary_folder

OPSET = 17
"""The newest that tf2onnx 1.17 converts these networks to; it refuses 21."""

ONNX_PRECISIONS = (Precision.FP32, Precision.INT8)


def convert_to_onnx(model: keras.Model, precision: Precision, *, calibration: CalibrationSet | None = None) -> bytes:
    """Convert a model to ONNX with a free batch size: image float32 (N, H, W, 1) in 0..255 -> scores (N, 7).

    Args:
        model: A classifier of raw pixels; for int8, what `prepare_for_integers` returned for `INT7_LARGEST` is more
            accurate: the weights of an int8 file have 7 bits, so that it agrees on processors without VNNI.
        precision: `FP32` or `INT8`.
        calibration: Images to measure activation ranges on; needed for int8.

    Raises:
        InputError: If the precision is neither, or calibration images are needed and missing.
        FerEdgeError: If the model cannot be converted.
    """
    if precision not in ONNX_PRECISIONS:
        raise InputError(f"ONNX is written in {' and '.join(p.value for p in ONNX_PRECISIONS)}, not {precision.value}")
    if precision is Precision.FP32:
        return _convert_float(model)
    if calibration is None:
        raise InputError(f"expected calibration images for {precision.value}, got none")
    return _quantize(_convert_float(model), calibration)


def add_onnx_card(content: bytes, card: ModelCard) -> bytes:
    """Return a model with its card as its only metadata, checked by `onnx.checker`."""
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    with_card = append_card_to_onnx(bytes(model.SerializeToString()), card)
    onnx.checker.check_model(with_card, full_check=True)
    return with_card


def _convert_float(model: keras.Model) -> bytes:
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32, name="image")]

    def scores(image: Any) -> dict[str, Any]:
        return {"scores": model(image, training=False)}

    try:
        converted, _ = tf2onnx.convert.from_function(
            tf.function(scores, input_signature=signature), input_signature=signature, opset=OPSET
        )
    except Exception as error:  # tf2onnx raises whatever its parts do
        raise FerEdgeError(f"tf2onnx cannot convert this model: {error}") from error
    return bytes(converted.SerializeToString())


def _quantize(float_model: bytes, calibration: CalibrationSet) -> bytes:
    with temporary_folder() as folder:
        source, prepared, target = (folder / f"{name}.onnx" for name in ("float", "prepared", "int8"))
        source.write_bytes(float_model)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            _Reader(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
            reduce_range=True,
            extra_options={"TensorQuantOverrides": _narrow_ranges(onnx.load(prepared), calibration)},
        )
        return target.read_bytes()


def _narrow_ranges(model: onnx.ModelProto, calibration: CalibrationSet) -> dict[str, list[dict[str, Any]]]:
    """Choose ranges of activations, in the form of onnxruntime's `TensorQuantOverrides`."""
    names = clippable_activations(model)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    images = calibration.inputs()
    outputs = (session.run(names, {"image": batch}) for batch in in_batches(images))
    ranges = best_ranges(outputs, len(names), len(images))
    return {
        name: [{"rmin": np.float32(low), "rmax": np.float32(high)}]
        for name, (low, high) in zip(names, ranges, strict=True)
        if low < high
    }


class _Reader(CalibrationDataReader):
    """Feeds the calibration images one by one."""

    def __init__(self, calibration: CalibrationSet) -> None:
        self._inputs = iter(calibration.inputs())

    def get_next(self) -> dict[str, Any] | None:
        image = next(self._inputs, None)
        return None if image is None else {"image": image[np.newaxis]}
