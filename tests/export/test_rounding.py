from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter
from onnx import numpy_helper

from export.calibration import CalibrationSet, choose_calibration_set
from export.folding import fold
from export.onnx import convert_to_onnx
from export.preparation import prepare_for_integers
from export.rounding import INT7_LARGEST, INT8_LARGEST, round_kernels
from export.tflite import convert_to_tflite
from fer_edge.dataset.data import Dataset
from fer_edge.precision import Precision
from fer_edge.scores import FloatArray
from fer_edge.training.networks.architectures import build
from fer_edge.training.networks.keras_file import KerasClassifier

layers = keras.layers


def soft_images(size: int, number: int = 64) -> FloatArray:
    """Return random pictures with correlated pixels, as a face has: float32 (N, size, size, 1), 0..255."""
    coarse = np.random.default_rng(0).uniform(0, 255, (number, 4, 4, 1)).astype(np.float32)
    return np.asarray(keras.ops.image.resize(coarse, (size, size)))


def one_layer(layer: keras.layers.Layer, *before: keras.layers.Layer) -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 12, 1))
    values = layers.Conv2D(16, 3, activation="relu")(image)
    for each in (*before, layer):
        values = each(values)
    return keras.Model(image, values)


def steps(layer: keras.layers.Layer, largest: int = INT8_LARGEST) -> FloatArray:
    """A kernel in steps of its channels: (inputs, outputs)."""
    kernel = layer.get_weights()[0]
    kernel = kernel.reshape(-1, kernel.shape[2 if isinstance(layer, layers.DepthwiseConv2D) else -1])
    return np.asarray(kernel / (np.maximum(np.abs(kernel).max(axis=0), 1e-12) / largest))


def round_to_nearest(layer: keras.layers.Layer, largest: int) -> None:
    kernel, *bias = layer.get_weights()
    whole = steps(layer, largest)
    layer.set_weights([kernel * (np.rint(whole) / np.where(whole, whole, 1)).reshape(kernel.shape), *bias])


LAYERS: dict[str, Callable[[], list[keras.layers.Layer]]] = {
    "dense": lambda: [layers.Dense(7), layers.AveragePooling2D(3)],
    "pointwise": lambda: [layers.Conv2D(9, 1)],
    "convolution": lambda: [layers.Conv2D(9, 3, padding="same")],
    "strided": lambda: [layers.Conv2D(9, (3, 5), strides=2)],
    "dilated": lambda: [layers.Conv2D(9, 3, dilation_rate=2)],
    "depthwise": lambda: [layers.DepthwiseConv2D(3, strides=2, padding="same")],
}


@pytest.mark.parametrize(
    ("kind", "largest"), [*((kind, INT8_LARGEST) for kind in LAYERS), ("convolution", INT7_LARGEST)]
)
def test_output_error_is_below_that_of_nearest_rounding(kind: str, largest: int) -> None:
    images = soft_images(12)
    model = one_layer(*LAYERS[kind]())
    layer = model.layers[-1]
    weights = layer.get_weights()
    round_kernels(model, images, largest)
    mended = model.predict(images, verbose=0)
    layer.set_weights(weights)
    expected = model.predict(images, verbose=0)
    round_to_nearest(layer, largest)
    plain = model.predict(images, verbose=0)
    assert np.square(mended - expected).mean() < 0.6 * np.square(plain - expected).mean()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "largest"), [("compact-s", INT8_LARGEST), ("compact-s", INT7_LARGEST), ("mobilenet", INT8_LARGEST)]
)
def test_kernels_lie_on_the_grid_and_the_largest_weights_stay(name: str, largest: int) -> None:
    keras.utils.set_random_seed(0)
    model = fold(build(name))
    before = {layer.name: layer.get_weights() for layer in model.layers}
    round_kernels(model, soft_images(48, 8), largest)
    # Eight images have fewer positions than the last layer has inputs.
    rounded = [layer for layer in model.layers if hasattr(layer, "kernel") and layer.name != "scores"]
    assert rounded
    for layer in rounded:
        whole = steps(layer, largest)
        assert np.abs(whole - np.rint(whole)).max() < 1e-3, layer.name
        kernel = layer.get_weights()[0]
        axes = (0, 1, 3) if isinstance(layer, layers.DepthwiseConv2D) else tuple(range(kernel.ndim - 1))
        assert np.abs(kernel).max(axis=axes) == pytest.approx(np.abs(before[layer.name][0]).max(axis=axes))


@pytest.mark.parametrize("largest", [INT8_LARGEST, INT7_LARGEST])
def test_outputs_keep_their_means(largest: int) -> None:
    images = soft_images(12)
    model = one_layer(layers.Conv2D(9, 3))
    before = model.predict(images, verbose=0)
    round_kernels(model, images, largest)
    after = model.predict(images, verbose=0)
    assert np.abs((after - before).mean(axis=(0, 1, 2))).max() < 1e-3 * np.abs(before).max()


def test_layer_with_more_inputs_than_positions_is_not_rounded() -> None:
    model = one_layer(layers.Dense(5), layers.Flatten())
    before = model.layers[-1].get_weights()[0]
    round_kernels(model, soft_images(12, 64))
    assert (model.layers[-1].get_weights()[0] == before).all()


def test_channel_of_zeros_stays() -> None:
    model = one_layer(layers.Conv2D(4, 3))
    kernel, bias = model.layers[-1].get_weights()
    kernel[..., 1] = 0
    model.layers[-1].set_weights([kernel, bias])
    round_kernels(model, soft_images(12))
    after = model.layers[-1].get_weights()[0]
    assert np.isfinite(after).all()
    assert not after[..., 1].any()


@pytest.mark.slow
@pytest.mark.parametrize("precision", [Precision.INT8, Precision.INT16X8])
def test_converted_file_stores_these_kernels(faces: Dataset, precision: Precision) -> None:
    keras.utils.set_random_seed(0)
    calibration = choose_calibration_set(faces.train, "", images=7)
    prepared = prepare_for_integers(build("compact-s"), calibration.inputs())
    content = convert_to_tflite(prepared, precision, calibration=calibration)
    assert_kernels_are_stored(prepared, Interpreter(model_content=content))


@pytest.mark.parametrize("precision", [Precision.INT8, Precision.INT16X8])
def test_exported_file_stores_these_kernels(
    exported_paths: dict[str, Path],
    tiny_classifier: KerasClassifier,
    exports_calibration: CalibrationSet,
    precision: Precision,
) -> None:
    before = tiny_classifier.model.get_weights()
    prepared = prepare_for_integers(tiny_classifier.model, exports_calibration.inputs())
    assert_kernels_are_stored(prepared, Interpreter(model_path=str(exported_paths[f"tflite {precision.value}"])))
    assert all(np.array_equal(a, b) for a, b in zip(before, tiny_classifier.model.get_weights(), strict=True))


@pytest.mark.slow
def test_converted_onnx_file_stores_these_kernels(faces: Dataset) -> None:
    keras.utils.set_random_seed(0)
    calibration = choose_calibration_set(faces.train, "", images=7)
    prepared = prepare_for_integers(build("compact-s"), calibration.inputs(), INT7_LARGEST)
    assert_onnx_stores_kernels(prepared, convert_to_onnx(prepared, Precision.INT8, calibration=calibration))


def test_exported_onnx_file_stores_these_kernels(
    exported_paths: dict[str, Path], tiny_classifier: KerasClassifier, exports_calibration: CalibrationSet
) -> None:
    prepared = prepare_for_integers(tiny_classifier.model, exports_calibration.inputs(), INT7_LARGEST)
    assert_onnx_stores_kernels(prepared, exported_paths["onnx int8"].read_bytes())


def assert_onnx_stores_kernels(prepared: keras.Model, content: bytes) -> None:
    stored = [numpy_helper.to_array(each) for each in onnx.load_from_string(content).graph.initializer]
    kernels = [_onnx_kernel(each) for each in stored if each.dtype == np.int8 and each.ndim > 1]
    for layer in prepared.layers:
        if hasattr(layer, "kernel"):
            whole = np.rint(steps(layer, INT7_LARGEST)).astype(np.int8)
            assert any(each.shape == whole.shape and (each == whole).all() for each in kernels), layer.name


def _onnx_kernel(values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """(outputs, inputs, height, width) of a convolution as `steps` has it: (inputs, outputs)."""
    return values if values.ndim == 2 else values.transpose(2, 3, 1, 0).reshape(-1, values.shape[0])


def assert_kernels_are_stored(prepared: keras.Model, interpreter: Interpreter) -> None:
    stored = [_kernel(interpreter, tensor) for tensor in interpreter.get_tensor_details() if _is_kernel(tensor)]
    for layer in prepared.layers:
        if hasattr(layer, "kernel"):
            whole = np.rint(steps(layer)).astype(np.int8)
            assert any(each.shape == whole.shape and (each == whole).all() for each in stored), layer.name


def _is_kernel(tensor: dict[str, Any]) -> bool:
    return tensor["dtype"] is np.int8 and len(tensor["quantization_parameters"]["scales"]) > 1


def _kernel(interpreter: Interpreter, tensor: dict[str, Any]) -> npt.NDArray[np.int8]:
    """Return stored weights in the layout of `steps`: (inputs, outputs)."""
    values = interpreter.get_tensor(tensor["index"])
    outputs = tensor["quantization_parameters"]["quantized_dimension"]
    return np.asarray(np.moveaxis(values, outputs, -1).reshape(-1, values.shape[outputs]))
