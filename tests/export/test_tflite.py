from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from export.calibration import choose_calibration_set
from export.folding import fold
from export.tflite import convert_to_tflite
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.precision import EXPORTABLE, Precision
from fer_edge.training.networks.architectures import documented_cnn
from fer_edge.training.networks.keras_file import KerasClassifier

FLOAT_OPERATORS = [*["CONV_2D", "MAX_POOL_2D"] * 2, "RESHAPE", *["FULLY_CONNECTED"] * 2, "SOFTMAX"]
"""Operators of the converted tiny network: no MUL or ADD of a BatchNormalization, no SHAPE of a free batch size."""


@pytest.mark.parametrize("precision", EXPORTABLE)
def test_every_precision_is_found_in_the_tensors(exported_paths: dict[str, Path], precision: Precision) -> None:
    graph = inspect_tflite(exported_paths[f"tflite {precision.value}"])
    assert graph.precision is precision
    assert graph.signatures == ("serving_default",)


@pytest.mark.parametrize("precision", EXPORTABLE)
def test_batchnorm_is_folded_and_only_builtins_are_left(exported_paths: dict[str, Path], precision: Precision) -> None:
    operators = list(inspect_tflite(exported_paths[f"tflite {precision.value}"]).operators)
    # Float16 weights are widened by DEQUANTIZE; int16 activations have floats at the edges.
    edges = {"fp16": {"DEQUANTIZE"}, "int16x8": {"QUANTIZE", "DEQUANTIZE"}}.get(precision.value, set())
    assert [name for name in operators if name not in edges] == FLOAT_OPERATORS


def test_the_documented_cnn_converts_to_eleven_operators(tmp_path: Path) -> None:
    path = tmp_path / "documented.tflite"
    path.write_bytes(convert_to_tflite(fold(documented_cnn()), Precision.DYNAMIC))
    graph = inspect_tflite(path)
    expected = [*["CONV_2D", "MAX_POOL_2D"] * 3, "RESHAPE", *["FULLY_CONNECTED"] * 3, "SOFTMAX"]
    assert list(graph.operators) == expected
    # Weights alone are int8, so the file is not called int8.
    assert graph.precision is Precision.DYNAMIC
    assert path.stat().st_size < 6_000_000


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", "float32"), ("fp16", "float32"), ("dynamic", "float32"), ("int8", "int8"), ("int16x8", "float32")],
)
def test_the_edges_have_batch_one(exported_paths: dict[str, Path], precision: str, dtype: str) -> None:
    interpreter = Interpreter(model_path=str(exported_paths[f"tflite {precision}"]))
    (image,), (scores,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (image["shape"].tolist(), image["shape_signature"].tolist()) == ([1, 48, 48, 1], [1, 48, 48, 1])
    assert scores["shape"].tolist() == [1, 7]
    assert (np.dtype(image["dtype"]).name, np.dtype(scores["dtype"]).name) == (dtype, dtype)
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["image"], "outputs": ["scores"]}}


def test_int8_takes_a_pixel_without_arithmetic(exported_paths: dict[str, Path]) -> None:
    interpreter = Interpreter(model_path=str(exported_paths["tflite int8"]))
    (image,) = interpreter.get_input_details()
    assert image["quantization"] == (1.0, -128)


def test_int8_weights_are_quantized_per_channel(exported_paths: dict[str, Path]) -> None:
    interpreter = Interpreter(model_path=str(exported_paths["tflite int8"]))
    kernels = [one for one in interpreter.get_tensor_details() if one["shape"].tolist() == [32, 5, 5, 16]]
    assert [len(one["quantization_parameters"]["scales"]) for one in kernels] == [32]


def test_float_io_keeps_floats_at_the_edges_only(
    tiny_classifier: KerasClassifier, faces: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "float_io.tflite"
    calibration = choose_calibration_set(faces.train, "faces", images=35)
    model = fold(tiny_classifier.model)
    path.write_bytes(convert_to_tflite(model, Precision.INT8, calibration=calibration, float_io=True))
    graph = inspect_tflite(path)
    assert (graph.input_dtype, graph.output_dtype, graph.precision) == ("float32", "float32", Precision.INT8)
    assert graph.operators == ("QUANTIZE", *FLOAT_OPERATORS, "DEQUANTIZE")


@pytest.mark.parametrize("precision", [Precision.INT8, Precision.INT16X8])
def test_integers_without_calibration_images_are_rejected(
    tiny_classifier: KerasClassifier, precision: Precision
) -> None:
    with pytest.raises(InputError, match=f"expected calibration images for {precision.value}, got none"):
        convert_to_tflite(tiny_classifier.model, precision)


def test_conversion_leaves_the_model_unchanged(tiny_classifier: KerasClassifier) -> None:
    model: keras.Model = tiny_classifier.model
    before = model.get_weights()
    assert convert_to_tflite(model, Precision.FP32)[4:8] == b"TFL3"
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
