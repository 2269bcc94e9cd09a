from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from export.calibration import CalibrationSet, choose_calibration_set
from export.clipping import clip_activations
from export.folding import fold
from export.preparation import prepare_for_integers
from export.tflite import convert_to_tflite
from fer_edge.dataset.data import Dataset
from fer_edge.inference.tflite import operators_of
from fer_edge.precision import Precision
from fer_edge.training.networks.architectures import build
from fer_edge.training.networks.keras_file import KerasClassifier

RANDOM = np.random.default_rng(0)
CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def to_int8(model: keras.Model, calibration: CalibrationSet) -> Interpreter:
    return Interpreter(model_content=convert_to_tflite(model, Precision.INT8, calibration=calibration))


def operators(interpreter: Interpreter) -> list[str]:
    return [operator["op_name"] for operator in operators_of(interpreter)]


def output_scales(interpreter: Interpreter) -> list[float]:
    """Return the output scales of the convolutions, in order."""
    scales = {tensor["index"]: tensor["quantization"][0] for tensor in interpreter.get_tensor_details()}
    details = operators_of(interpreter)
    return [scales[each["outputs"][0]] for each in details if each["op_name"] in CONVOLUTIONS]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact-s", "mobilenet", "resnet"])
def test_the_file_has_the_same_operators_and_no_wider_ranges(faces: Dataset, name: str) -> None:
    keras.utils.set_random_seed(0)
    calibration = choose_calibration_set(faces.train, "", images=35)
    model = fold(build(name))
    clipped = clip_activations(model, calibration.inputs())
    before, after = (to_int8(each, calibration) for each in (model, clipped))
    assert operators(after) == operators(before)
    ratios = np.array(output_scales(after)) / output_scales(before)
    # A narrower range lets the layers after it see a little less, or more.
    assert ratios.max() < 1.1
    assert ratios.min() < 0.9


def test_operations_between_layers_keep_both_operands() -> None:
    image = keras.Input((8, 8, 3))
    scores = keras.layers.Dense(2)(keras.layers.Flatten()(keras.layers.ReLU()(image / 127.5 - 1.0)))
    model = keras.Model(image, scores)
    images = RANDOM.uniform(0, 255, (8, 8, 8, 3)).astype(np.float32)
    clipped = clip_activations(model, images).predict_on_batch(images)
    assert clipped == pytest.approx(model.predict_on_batch(images), abs=0.2)


def test_an_exported_file_has_these_ranges(
    exported_paths: dict[str, Path], tiny_classifier: KerasClassifier, exports_calibration: CalibrationSet
) -> None:
    images = exports_calibration.inputs()
    prepared = prepare_for_integers(tiny_classifier.model, images)
    clipped, plain = (
        output_scales(to_int8(each, exports_calibration)) for each in (clip_activations(prepared, images), prepared)
    )
    exported = output_scales(Interpreter(model_path=str(exported_paths["tflite int8"])))
    assert exported == pytest.approx(clipped)
    assert exported != pytest.approx(plain, rel=0.01)


@pytest.mark.slow
def test_clipping_keeps_scores_close_and_the_model_unchanged(faces: Dataset) -> None:
    keras.utils.set_random_seed(0)
    model, images = fold(build("compact-s")), faces.train.inputs()[::8]
    before = model.get_weights()
    expected = model.predict_on_batch(images)
    assert clip_activations(model, images).predict_on_batch(images) == pytest.approx(expected, abs=0.02)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.predict_on_batch(images) == pytest.approx(expected)


def test_single_convolution_with_a_dead_channel_is_clipped() -> None:
    image = keras.Input((8, 8, 1))
    dead = keras.layers.Conv2D(3, 3, kernel_initializer="zeros", activation="relu")(image)
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(dead))
    images = RANDOM.uniform(0, 255, (4, 8, 8, 1)).astype(np.float32)
    assert not clip_activations(model, images).predict_on_batch(images).any()
