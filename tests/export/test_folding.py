from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from export.folding import fold
from fer_edge.scores import FloatArray
from fer_edge.training.networks.architectures import ARCHITECTURES, build, documented_cnn

layers = keras.layers


def pixels_for(model: keras.Model) -> FloatArray:
    return np.random.default_rng(0).integers(0, 256, (8, *model.input_shape[1:])).astype(np.float32)


def randomized(model: keras.Model) -> keras.Model:
    """Set weights as after training: each statistic near its layer's own, gammas of either sign."""
    rng = np.random.default_rng(3)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            size = layer.gamma.shape
            values = keras.Model(model.input, layer.input).predict_on_batch(pixels_for(model))
            mean, variance = (statistic(values, tuple(range(values.ndim - 1))) for statistic in (np.mean, np.var))
            gamma = rng.uniform(0.5, 1.5, size) * rng.choice([-1, 1], size)
            shares = rng.uniform(0.5, 1.5, size), rng.uniform(0.5, 2, size)
            layer.set_weights([gamma, rng.normal(0, 1, size), mean * shares[0], variance * shares[1]])
        elif layer.weights:
            shapes = [weight.shape for weight in layer.weights]
            layer.set_weights([rng.normal(0, (2 / max(1, np.prod(shape[:-1]))) ** 0.5, shape) for shape in shapes])
    return model


def kinds(model: keras.Model) -> list[str]:
    names = [type(layer).__name__ for layer in model.layers]
    return [name for name in names if name not in ("InputLayer", "Identity")]


def require_same_scores(model: keras.Model) -> keras.Model:
    pixels, folded = pixels_for(model), fold(model)
    expected = model.predict_on_batch(pixels)
    assert folded.predict_on_batch(pixels) == pytest.approx(expected, abs=1e-5)
    # Otherwise any constant would pass.
    assert expected.std(axis=0).max() > 1e-4
    return folded


def test_documented_cnn_is_folded_completely() -> None:
    folded = require_same_scores(randomized(documented_cnn()))
    convolution = ["Conv2D", "ReLU", "MaxPooling2D"]
    assert kinds(folded) == [*convolution * 3, "_FixedFlatten", "Dense", "ReLU", "Dense", "ReLU", "Dense"]
    assert folded.count_params() == 5_655_815 - 4 * (64 + 128 + 512 + 256 + 512)


def test_operations_between_layers_stay() -> None:
    image = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(image / 127.5 - 1.0))
    x = layers.Dense(2, "softmax")(keras.ops.mean(keras.ops.maximum(x, 0.1), axis=(1, 2)))
    assert kinds(require_same_scores(randomized(keras.Model(image, x)))) == ["Conv2D", "Dense"]


def test_folding_leaves_the_parent_unchanged(tiny_architecture: str) -> None:
    model = randomized(ARCHITECTURES[tiny_architecture](None))
    before = model.get_weights()
    assert "BatchNormalization" not in kinds(require_same_scores(model))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert "BatchNormalization" in kinds(model)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["compact", "compact-s", "mobilenet", "resnet", "mobilenet-imagenet", "efficientnet-lite0"]
)
def test_convolutional_networks_are_folded_completely(name: str) -> None:
    assert "BatchNormalization" not in kinds(require_same_scores(randomized(build(name))))


def test_efficientnet_lite0_leaves_no_arithmetic_but_its_residuals() -> None:
    folded = kinds(fold(build("efficientnet-lite0")))
    assert set(folded) == {
        "Conv2D", "DepthwiseConv2D", "ReLU", "Add", "UpSampling2D", "GlobalAveragePooling2D", "Dense",
    }  # fmt: skip
    assert folded.count("Add") == 9


def small(body: Callable[[Any], Any]) -> keras.Model:
    inputs = keras.Input((8, 8, 1))
    x = layers.GlobalAveragePooling2D()(body(layers.Rescaling(1 / 255)(inputs)))
    return randomized(keras.Model(inputs, layers.Dense(7, activation="softmax")(x)))


@pytest.mark.parametrize(
    ("body", "stays"),
    [
        (lambda x: layers.ReLU()(layers.Conv2D(4, 3)(x)), 0),
        (lambda x: layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(x)), 0),
        (lambda x: layers.BatchNormalization()(layers.Conv2D(4, 3, activation="relu")(x)), 1),
        (lambda x: layers.BatchNormalization()(layers.ReLU()(layers.Conv2D(4, 3)(x))), 1),
        (lambda x: layers.BatchNormalization()(layers.MaxPooling2D(2)(layers.Conv2D(4, 3)(x))), 1),
        (lambda x: layers.BatchNormalization()(x), 1),
        (lambda x: layers.Add()([y := layers.Conv2D(4, 3)(x), layers.BatchNormalization()(y)]), 1),
        (lambda x: layers.BatchNormalization()(layers.DepthwiseConv2D(3, depth_multiplier=4)(x)), 0),
        (lambda x: layers.BatchNormalization()(layers.DepthwiseConv2D(3)(layers.Conv2D(4, 3)(x))), 0),
        (lambda x: layers.Dropout(0.5)(layers.BatchNormalization()(layers.Conv2D(4, 3)(x))), 0),
    ],
    ids=[
        "none",
        "no bias",
        "activation",
        "after ReLU",
        "after pooling",
        "first",
        "shared",
        "multiplier",
        "depthwise",
        "before dropout",
    ],
)
def test_other_layers_are_not_folded(body: Callable[[Any], Any], stays: int) -> None:
    folded = require_same_scores(small(body))
    assert kinds(folded).count("BatchNormalization") == stays
    assert "Dropout" not in kinds(folded)
