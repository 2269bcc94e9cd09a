"""Quantization error of each layer: its int8 output against the same layer in float, on the same input."""

from __future__ import annotations

import csv
import io
import warnings
from dataclasses import astuple, dataclass, fields
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from export.calibration import CalibrationSet
from export.equalization import equalize
from export.folding import fold
from export.tflite import configure_converter, save_with_fixed_batch
from fer_edge.dataset.data import Split
from fer_edge.errors import FerEdgeError
from fer_edge.inference.tflite import operators_of
from fer_edge.precision import Precision
from fer_edge.progress import OnProgress, ignore_progress
from fer_edge.scores import FloatArray
from fer_edge.temporary import temporary_folder
from fer_edge.terminal.native_logs import chatter_held_back

_MEASURED_IMAGES = 100

_INT8 = np.iinfo(np.int8)
_VERIFY = "NumericVerify"
"""The operator by which TensorFlow's quantization debugger joins an integer output and its float counterpart."""
_EXACT = {"MAX_POOL_2D", "RESHAPE"}
"""Operators that only move integers, and lose nothing."""


@dataclass(frozen=True)
class LayerError:
    """Quantization error of one layer, without that of earlier layers.

    Attributes:
        position: Position among the file's operators in order of execution, from 1.
        layer: Keras layers that it was fused from, as the file names them.
        kind: TFLite operator.
        scale: Real value of one integer step of its output.
        relative_error: Root-mean-square error over standard deviation, channel by channel, 0..1: 1 for a channel that
            is lost. Their root mean square, without the channels that are constant in float.
        snr_db: Variance over mean square error of all channels together, decibel. A few wide channels hide the others
            here, and not in `relative_error`.
        clipped: Share of values that lie outside what int8 holds at this scale, 0..1.
    """

    position: int
    layer: str
    kind: str
    scale: float
    relative_error: float
    snr_db: float
    clipped: float


def measure_layer_errors(
    model: keras.Model,
    calibration: CalibrationSet,
    faces: Split,
    on_progress: OnProgress = ignore_progress,
) -> list[LayerError]:
    """Quantize a model as for its int8 file, and compare every layer's output with float's.

    Two things differ from the file: kernels are rounded to the nearest step, so that there is a float kernel to compare
    with, and activation ranges are not clipped. TensorFlow's quantization debugger runs each quantized layer beside its
    float twin on the same input; its own statistics pool all channels of a layer, and so are not used.

    Args:
        model: A classifier of raw pixels.
        calibration: Images to measure activation ranges on.
        faces: Other images, as the calibration's own are seldom clipped; 100 of them are taken, evenly spaced.
        on_progress: Called with the share that is done, 0..1.

    Returns:
        The layers, the worst relative error first.

    Raises:
        FerEdgeError: If TensorFlow cannot convert the model.
    """
    interpreter = _open_with_float_twins(model, calibration)
    (image,) = interpreter.get_input_details()
    comparisons = _comparisons(interpreter)
    images = _quantize(faces.spread(_MEASURED_IMAGES).inputs(), *image["quantization"])
    for i, pixels in enumerate(images):
        interpreter.set_tensor(image["index"], pixels[np.newaxis])
        interpreter.invoke()
        for comparison in comparisons:
            comparison.add(interpreter)
        on_progress((i + 1) / len(images))
    return sorted((one.result() for one in comparisons), key=lambda error: error.relative_error, reverse=True)


def as_csv(errors: list[LayerError]) -> str:
    """Return the errors as CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(LayerError))
    writer.writerows(astuple(error) for error in errors)
    return text.getvalue()


class _Comparison:
    """Sums over images of one layer's errors, per channel, which is the last axis."""

    def __init__(self, position: int, kind: str, quantized: dict[str, Any], twin: dict[str, Any]) -> None:
        self._position, self._kind = position, kind
        self._quantized, self._twin = quantized, twin
        self._scale, self._zero_point = quantized["quantization"]
        channels = int(twin["shape"][-1])
        self._count = self._clipped = 0
        self._sum, self._squares, self._errors = (np.zeros(channels) for _ in range(3))

    def add(self, interpreter: Any) -> None:
        """Add the tensors of the image that was just run."""
        shape = (-1, len(self._sum))
        real = interpreter.get_tensor(self._twin["index"]).reshape(shape).astype(np.float64)
        stored = interpreter.get_tensor(self._quantized["index"]).reshape(shape).astype(np.float64)
        steps = np.rint(real / self._scale + self._zero_point)
        self._count += len(real)
        self._clipped += int(np.count_nonzero((steps < _INT8.min) | (steps > _INT8.max)))
        self._sum += real.sum(axis=0)
        self._squares += (real**2).sum(axis=0)
        self._errors += ((self._scale * (stored - self._zero_point) - real) ** 2).sum(axis=0)

    def result(self) -> LayerError:
        """Return the error over all images."""
        means = self._sum / self._count
        variances = np.maximum(self._squares / self._count - means**2, 0)
        errors = self._errors / self._count
        alive = variances > 1e-9 * self._squares / self._count  # below is the rounding of a constant
        lost = np.minimum(errors[alive] / variances[alive], 1)
        total = self._squares.mean() / self._count - means.mean() ** 2
        return LayerError(
            position=self._position,
            layer=_layer_name(self._twin["name"]),
            kind=self._kind,
            scale=float(self._scale),
            relative_error=float(np.sqrt(lost.mean())) if alive.any() else 0.0,
            snr_db=float(10 * np.log10(total / errors.mean())) if total > 0 < errors.mean() else np.inf,
            clipped=self._clipped / (self._count * len(self._sum)),
        )


def _comparisons(interpreter: Any) -> list[_Comparison]:
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operators = operators_of(interpreter)
    kinds = {int(output): operator["op_name"] for operator in operators for output in operator["outputs"]}
    pairs = [
        (int(quantized), int(twin))
        for operator in operators
        if operator["op_name"] == _VERIFY
        for quantized, twin in [operator["inputs"]]
    ]
    return [
        _Comparison(position, kinds[quantized], tensors[quantized], tensors[twin])
        for position, (quantized, twin) in enumerate(pairs, 1)
        if kinds[quantized] not in _EXACT
    ]


def _open_with_float_twins(model: keras.Model, calibration: CalibrationSet) -> Any:
    with temporary_folder() as folder, warnings.catch_warnings():
        # The converter leaves a file open; TensorFlow's interpreter, which its debugger uses, calls itself deprecated.
        warnings.simplefilter("ignore")
        deployed = fold(model)
        equalize(deployed, calibration.inputs())
        save_with_fixed_batch(deployed, folder)
        options = tf.lite.experimental.QuantizationDebugOptions(fully_quantize=True)
        try:
            with chatter_held_back():
                converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
                configure_converter(converter, Precision.INT8, calibration, float_io=False)
                debugger = tf.lite.experimental.QuantizationDebugger(converter=converter, debug_options=options)
        except Exception as error:  # the converter raises its own and the compiler's errors alike
            raise FerEdgeError(f"TensorFlow cannot compare this model's layers with float's: {error}") from error
        # The debugger's own interpreter lets a tensor's memory be used again before anyone has read it.
        interpreter = tf.lite.Interpreter(
            model_content=debugger.quant_model,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    interpreter.allocate_tensors()
    return interpreter


def _quantize(inputs: FloatArray, scale: float, zero_point: int) -> npt.NDArray[np.int8]:
    return np.asarray(np.clip(np.rint(inputs / scale) + zero_point, _INT8.min, _INT8.max), np.int8)


def _layer_name(tensor_name: str) -> str:
    """Return `conv2d, re_lu` for `model/re_lu/Relu;model/conv2d/BiasAdd;...`; the last layer has no name."""
    scopes = [part.split("/") for part in reversed(tensor_name.split(";"))]
    return ", ".join(dict.fromkeys(scope[1] if len(scope) > 1 else "output" for scope in scopes))
