from __future__ import annotations

from pathlib import Path

import keras
import pytest

from export.tflite import convert_to_tflite
from fer_edge.benchmark.cost import Cost, count_cost
from fer_edge.errors import ModelError
from fer_edge.precision import Precision


def test_cost_of_a_convolution_and_a_dense_layer(made_models: Path) -> None:
    # 48x48 -> 8 kernels of 5x5, stride 4 -> 11x11x8 = 968 -> 7 scores.
    macs = 11 * 11 * 8 * 25 + 968 * 7
    # The dense layer's bias, still zero, is not stored.
    assert count_cost(made_models / "bare.tflite") == Cost(parameters=8 * 25 + 8 + 968 * 7, macs=macs)


@pytest.mark.parametrize("precision", [Precision.FP32, Precision.FP16, Precision.DYNAMIC])
def test_cost_of_a_depthwise_convolution_with_a_multiplier(tmp_path: Path, precision: Precision) -> None:
    inputs = keras.Input((8, 8, 3), name="image")
    x = keras.layers.DepthwiseConv2D(3, depth_multiplier=2)(inputs)  # 6x6x6, nine weights a value
    x = keras.layers.Conv2D(4, 1, strides=2)(x)  # 3x3x4, six weights a value
    x = keras.layers.Reshape((36,))(x)  # as scores have two axes
    path = tmp_path / "depthwise.tflite"
    path.write_bytes(convert_to_tflite(keras.Model(inputs, x), precision))
    macs = 6 * 6 * 6 * 9 + 3 * 3 * 4 * 6
    assert count_cost(path) == Cost(parameters=6 * 9 + 6 + 4 * 6 + 4, macs=macs)


def test_other_kinds_of_files_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "not.tflite"
    path.write_bytes(b"not a flatbuffer")
    with pytest.raises(ModelError, match="expected a TFLite flatbuffer"):
        count_cost(path)
