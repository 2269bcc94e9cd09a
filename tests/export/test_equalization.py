from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from export.calibration import choose_calibration_set
from export.equalization import equalize
from export.folding import fold
from export.layer_errors import measure_layer_errors
from fer_edge.dataset.data import Dataset
from fer_edge.training.networks.architectures import build

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (16, 48, 48, 1)).astype(np.float32)


def uneven(name: str) -> keras.Model:
    """A network whose depthwise kernels' channels differ by up to a hundred times, as after an unlucky training."""
    keras.utils.set_random_seed(0)
    model, rng = build(name), np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.DepthwiseConv2D):
            kernel = layer.get_weights()[0]
            layer.set_weights([kernel * 10 ** rng.uniform(-1, 1, (kernel.shape[2], 1))])
        if isinstance(layer, layers.BatchNormalization):
            values = keras.Model(model.input, layer.input).predict(IMAGES, verbose=0)
            axes = tuple(range(values.ndim - 1))
            layer.set_weights([*layer.get_weights()[:2], values.mean(axis=axes), values.var(axis=axes)])
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compact-s", "mobilenet", "documented"])
def test_equalization_keeps_scores(name: str) -> None:
    model = fold(uneven(name))
    before = model.predict(IMAGES, verbose=0)
    equalize(model, IMAGES)
    assert model.predict(IMAGES, verbose=0) == pytest.approx(before, abs=1e-5)


def spread(model: keras.Model, layer: keras.layers.Layer) -> float:
    """Return the widest channel's range over that of the narrowest live channel."""
    values = np.abs(keras.Model(model.input, layer.output).predict(IMAGES, verbose=0)).max(axis=(0, 1, 2))
    return float(values.max() / values[values > 1e-6 * values.max()].min())


@pytest.mark.slow
def test_equalization_narrows_the_spread_of_channel_ranges() -> None:
    model = fold(uneven("compact-s"))
    depthwise = [layer for layer in model.layers if isinstance(layer, layers.DepthwiseConv2D)]
    relu = depthwise[1].input._keras_history.operation  # before the first is one that an addition reads, too
    before = [spread(model, layer) for layer in depthwise]
    equalize(model, IMAGES)
    assert spread(model, relu) == pytest.approx(1, abs=0.01)
    after = [spread(model, layer) for layer in depthwise]
    assert all(b < a / 2 for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize(
    "body",
    [
        lambda x: layers.DepthwiseConv2D(3)(layers.ReLU(6.0)(x)),
        lambda x: layers.DepthwiseConv2D(3)(layers.ReLU(negative_slope=0.1)(x)),
        lambda x: layers.Conv2D(4, 1)(layers.ReLU()(layers.DepthwiseConv2D(3, depth_multiplier=2)(x))),
        lambda x: layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(x)]),
    ],
    ids=["ReLU6", "leaky", "multiplier", "read twice"],
)
def test_layers_that_scaling_would_change_are_skipped(body: Callable[[Any], Any]) -> None:
    inputs = keras.Input((48, 48, 1))
    x = layers.GlobalAveragePooling2D()(body(layers.Conv2D(4, 3)(inputs)))
    model = keras.Model(inputs, layers.Dense(7, activation="softmax")(x))
    before = model.get_weights()
    equalize(model, IMAGES)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.slow
def test_dead_channel_keeps_scores() -> None:
    model = fold(uneven("compact-s"))
    convolution = next(layer for layer in model.layers if isinstance(layer, layers.Conv2D))
    kernel, bias = convolution.get_weights()
    kernel[..., 0], bias[0] = 0, -1
    convolution.set_weights([kernel, bias])
    before = model.predict(IMAGES, verbose=0)
    equalize(model, IMAGES)
    assert model.predict(IMAGES, verbose=0) == pytest.approx(before, abs=1e-5)


@pytest.mark.slow
def test_int8_loses_less_in_each_depthwise_layer(faces: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    model = uneven("compact-s")
    calibration = choose_calibration_set(faces.train, "faces", images=35)

    def errors() -> list[float]:
        found = measure_layer_errors(model, calibration, faces.validation)
        return [error.relative_error for error in found if error.kind == "DEPTHWISE_CONV_2D"]

    equalized = errors()
    monkeypatch.setattr("export.layer_errors.equalize", lambda *_: None)
    assert np.median(equalized) < np.median(errors()) / 2


@pytest.mark.parametrize("between", [(), (layers.ReLU,), (layers.ReLU, layers.MaxPooling2D)])
@pytest.mark.parametrize("depthwise_first", [False, True])
def test_channels_are_equalized_through_relu_and_pooling(between: tuple[Any, ...], depthwise_first: bool) -> None:
    keras.utils.set_random_seed(0)
    depthwise, pointwise = layers.DepthwiseConv2D(3, name="depthwise"), layers.Conv2D(8, 1, name="pointwise")
    middle = [layer() for layer in between]
    order = [depthwise, *middle, pointwise] if depthwise_first else [pointwise, *middle, depthwise]
    stack = keras.Sequential([keras.Input((48, 48, 1)), layers.Conv2D(8, 3), *order, layers.GlobalMaxPooling2D()])
    model = keras.Model(stack.inputs, stack.outputs)
    kernel, bias = order[0].get_weights()
    factors = 10 ** np.random.default_rng(0).uniform(-1, 1, 8)
    order[0].set_weights([kernel * (factors[:, np.newaxis] if depthwise_first else factors), bias])
    before, spread_before = model.predict(IMAGES, verbose=0), spread(model, order[0])
    equalize(model, IMAGES)
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), before, rtol=1e-4, atol=1e-4)
    assert spread(model, order[0]) < spread_before / 2
