"""Conversion of Keras models to TFLite: batch 1, builtin operators only, at any precision."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fer_edge.errors import FerEdgeError, InputError, first_line
from fer_edge.precision import Precision
from fer_edge.scores import FloatArray
from fer_edge.temporary import temporary_folder
from fer_edge.terminal.native_logs import chatter_held_back

_BUILTINS = {
    Precision.INT8: tf.lite.OpsSet.TFLITE_BUILTINS_INT8,
    Precision.INT16X8: tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
}


class Calibration(Protocol):
    """Images that activation ranges are measured on."""

    def inputs(self) -> npt.NDArray[np.float32]:
        """Return float32 (N, H, W, C), 0..255, as the model takes them."""


def convert_to_tflite(
    model: keras.Model, precision: Precision, *, calibration: Calibration | None = None, float_io: bool = False
) -> bytes:
    """Convert a model to a TFLite flatbuffer with the signature `serving_default`: image -> scores.

    Several outputs are named scores_0, scores_1 and so on.

    Args:
        model: A network of raw pixels, float32 (N, H, W, C) in 0..255; for int8 and int16x8, what
            `prepare_for_integers` returned is more accurate.
        precision: Precision of the tensors.
        calibration: Images to measure activation ranges on; needed for int8 and int16x8.
        float_io: For int8, keep float32 at the input and the output. int16x8 always has it.

    Raises:
        InputError: If calibration images are needed and missing.
        FerEdgeError: If TensorFlow cannot convert the model.
    """
    if precision.needs_calibration and calibration is None:
        raise InputError(f"expected calibration images for {precision.value}, got none")
    with temporary_folder() as folder, warnings.catch_warnings():
        # The converter leaves the SavedModel's file object to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        save_with_fixed_batch(model, folder)
        try:
            with chatter_held_back():
                converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
                configure_converter(converter, precision, calibration, float_io)
                return bytes(converter.convert())
        except Exception as error:  # the converter raises its own and the compiler's errors alike
            raise FerEdgeError(
                f"TensorFlow cannot convert this model to {precision.value} TFLite: {first_line(error)}"
            ) from error


def save_with_fixed_batch(model: keras.Model, folder: Path) -> None:
    """Save a model with batch 1: a dynamic one leaves shape arithmetic that splits the delegate's part in two."""
    archive = keras.export.ExportArchive()
    archive.track(model)

    def serve(image: Any) -> dict[str, Any]:
        outputs = model(image, training=False)
        if not isinstance(outputs, list):
            return {"scores": outputs}
        return {f"scores_{number}": output for number, output in enumerate(outputs)}

    signature = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32, name="image")
    archive.add_endpoint("serving_default", serve, input_signature=[signature])
    archive.write_out(str(folder), verbose=False)


def configure_converter(converter: Any, precision: Precision, calibration: Calibration | None, float_io: bool) -> None:
    """Set up TensorFlow's converter for the arguments of `convert_to_tflite`."""
    if precision is Precision.FP32:
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision is Precision.FP16:
        converter.target_spec.supported_types = [tf.float16]
    if calibration is None or not precision.needs_calibration:
        return
    converter.target_spec.supported_ops = [_BUILTINS[precision]]
    converter.representative_dataset = lambda: _one_by_one(calibration.inputs())
    if precision is Precision.INT8 and not float_io:
        converter.inference_input_type = converter.inference_output_type = tf.int8


def _one_by_one(inputs: FloatArray) -> Iterator[list[FloatArray]]:
    for image in inputs:
        yield [image[np.newaxis]]
