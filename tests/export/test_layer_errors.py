from __future__ import annotations

import csv
import io

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from export.calibration import CalibrationSet, choose_calibration_set
from export.equalization import equalize
from export.folding import fold
from export.layer_errors import LayerError, as_csv, measure_layer_errors
from export.tflite import convert_to_tflite
from fer_edge.dataset.data import Dataset
from fer_edge.inference.tflite import operators_of
from fer_edge.precision import Precision
from fer_edge.training.networks.keras_file import KerasClassifier

LAYERS = {1: "CONV_2D", 3: "CONV_2D", 6: "FULLY_CONNECTED", 7: "FULLY_CONNECTED", 8: "SOFTMAX"}
"""Layers of the tiny network by position, without pooling and reshaping, which lose nothing."""


@pytest.fixture(scope="module")
def calibration(faces: Dataset) -> CalibrationSet:
    return choose_calibration_set(faces.train, faces.name, images=140)


@pytest.fixture(scope="module")
def errors(tiny_classifier: KerasClassifier, calibration: CalibrationSet, faces: Dataset) -> list[LayerError]:
    return measure_layer_errors(tiny_classifier.model, calibration, faces.validation)


def with_one_wide_channel(model: keras.Model) -> keras.Model:
    """A copy in which one channel of the second convolution takes all of its output's range."""
    spoiled = keras.models.clone_model(model)
    spoiled.set_weights(model.get_weights())
    _, normalization = [layer for layer in spoiled.layers if isinstance(layer, keras.layers.BatchNormalization)][:2]
    gamma, beta, *statistics = normalization.get_weights()
    gamma[0], beta[0] = 1000 * gamma[0], 1000 * beta[0]
    normalization.set_weights([gamma, beta, *statistics])
    return spoiled


def test_every_layer_is_measured_once_in_order_of_error(errors: list[LayerError]) -> None:
    assert {error.position: error.kind for error in errors} == LAYERS
    relative = [error.relative_error for error in errors]
    assert relative == sorted(relative, reverse=True)


def test_undamaged_network_has_small_errors(errors: list[LayerError]) -> None:
    for error in errors:
        assert 0 < error.relative_error < 0.2, error
        assert error.snr_db > 20, error
        assert error.clipped < 0.02, error


def test_damaged_layer_has_the_largest_error(
    tiny_classifier: KerasClassifier, errors: list[LayerError], calibration: CalibrationSet, faces: Dataset
) -> None:
    spoiled = with_one_wide_channel(tiny_classifier.model)
    worst, *others = measure_layer_errors(spoiled, calibration, faces.validation)
    assert (worst.position, worst.kind) == (3, "CONV_2D")
    assert worst.relative_error > 0.7
    assert worst.relative_error > 2 * max(error.relative_error for error in others)
    before = next(error for error in errors if error.position == 3)
    assert worst.scale > 50 * before.scale
    # Pooled over all channels, as in TensorFlow's own statistics, the error would be hidden.
    assert worst.snr_db > 20


def test_the_scales_are_those_of_the_exported_file(
    tiny_classifier: KerasClassifier, errors: list[LayerError], calibration: CalibrationSet
) -> None:
    # Rounded with feedback, as an exported one's, its kernels would move the outputs' ranges a little.
    deployed = fold(tiny_classifier.model)
    equalize(deployed, calibration.inputs())
    content = convert_to_tflite(deployed, Precision.INT8, calibration=calibration)
    interpreter = Interpreter(
        model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    scales = {tensor["index"]: tensor["quantization"][0] for tensor in interpreter.get_tensor_details()}
    exported = [scales[operator["outputs"][0]] for operator in operators_of(interpreter)]
    assert {error.position: error.scale for error in errors} == {n: pytest.approx(exported[n - 1]) for n in LAYERS}


def test_images_beyond_the_calibrated_range_are_clipped(tiny_classifier: KerasClassifier, faces: Dataset) -> None:
    dim = faces.train.take(np.arange(len(faces.train)))
    dim.images[...] //= 8
    narrow = choose_calibration_set(dim, "dim faces", images=70)
    errors = measure_layer_errors(tiny_classifier.model, narrow, faces.validation)
    assert max(error.clipped for error in errors) > 0.05


def test_the_csv_holds_every_figure(errors: list[LayerError]) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(errors))))
    assert [float(row["relative_error"]) for row in rows] == [error.relative_error for error in errors]
    assert list(rows[0]) == ["position", "layer", "kind", "scale", "relative_error", "snr_db", "clipped"]
