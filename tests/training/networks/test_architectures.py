from __future__ import annotations

import re
from itertools import pairwise

import keras
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.training.networks.architectures import ARCHITECTURES, BACKBONES, build, documented_cnn
from fer_edge.training.networks.blocks import LayerSet
from fer_edge.training.networks.layers import ByteDropout, FusedBatchNormalization
from fer_edge.training.recipe import PARTS


@pytest.fixture(scope="module")
def documented() -> keras.Model:
    keras.utils.set_random_seed(0)
    return documented_cnn()


def test_documented_cnn_has_documented_parameters(documented: keras.Model) -> None:
    assert documented.count_params() == 5_655_815
    moving = 2 * (64 + 128 + 512 + 256 + 512)
    assert sum(int(np.prod(weight.shape)) for weight in documented.trainable_weights) == 5_655_815 - moving


def test_documented_cnn_has_layers_in_order(documented: keras.Model) -> None:
    convolution = ["Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D", "Dropout"]
    dense = ["Dense", "BatchNormalization", "ReLU", "Dropout"]
    expected = ["InputLayer", *convolution * 3, "Flatten", *dense * 2, "Dense"]
    assert [type(layer).__name__ for layer in documented.layers] == expected
    # One chain, without branches.
    assert all(after.input is before.output for before, after in pairwise(documented.layers))


def test_documented_cnn_layers_are_as_documented(documented: keras.Model) -> None:
    layers = documented.layers
    convolutions = [one for one in layers if isinstance(one, keras.layers.Conv2D)]
    assert [(one.filters, one.kernel_size, one.padding) for one in convolutions] == [
        (64, (3, 3), "same"),
        (128, (5, 5), "same"),
        (512, (3, 3), "same"),
    ]
    assert [one.units for one in layers if isinstance(one, keras.layers.Dense)] == [256, 512, 7]
    assert {one.rate for one in layers if isinstance(one, keras.layers.Dropout)} == {0.25}
    assert {one.pool_size for one in layers if isinstance(one, keras.layers.MaxPooling2D)} == {(2, 2)}
    assert layers[-1].activation is keras.activations.softmax


def test_documented_cnn_maps_raw_pixels_to_probabilities(documented: keras.Model) -> None:
    assert documented.input_shape == (None, 48, 48, 1)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)
    scores = documented.predict_on_batch(pixels)
    assert scores.shape == (3, 7)
    assert scores.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    # Scaled pixels are another input: nothing in the network rescales.
    assert not np.allclose(scores, documented.predict_on_batch(pixels / 255), atol=1e-3)


def test_weights_load_between_fast_and_plain_layers(documented: keras.Model) -> None:
    fast = documented_cnn(LayerSet(FusedBatchNormalization, ByteDropout))
    assert {type(layer) for layer in fast.layers} >= {FusedBatchNormalization, ByteDropout}
    fast.set_weights(documented.get_weights())
    pixels = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 1)).astype(np.float32)
    assert np.array_equal(fast.predict_on_batch(pixels), documented.predict_on_batch(pixels))


BUDGETS = {"compact": (12e6, 300_000), "compact-s": (5e6, 100_000)}


def multiplications(model: keras.Model) -> int:
    """Return the multiplications of all convolutions and dense layers, for one image."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D | keras.layers.Conv2D):
            kernel = layer.get_weights()[0]
            total += int(np.prod(layer.output.shape[1:3])) * kernel.size
        elif isinstance(layer, keras.layers.Dense):
            total += layer.get_weights()[0].size
    return total


@pytest.mark.parametrize(("name", "budget"), BUDGETS.items())
def test_compact_networks_keep_their_budget(name: str, budget: tuple[float, int]) -> None:
    model = build(name)
    assert budget[0] * 0.8 < multiplications(model) <= budget[0]
    assert model.count_params() <= budget[1]


@pytest.mark.parametrize("name", ["compact", "compact-s", "mobilenet", "resnet", "efficientnet-lite0"])
def test_normalization_follows_convolutions_only(name: str) -> None:
    """Check that BatchNormalization follows a convolution, into which it folds, and that layers are known ones."""
    layers = build(name).layers
    known = "InputLayer Conv2D DepthwiseConv2D BatchNormalization ReLU Add GlobalAveragePooling2D Dropout Dense"
    assert {type(layer).__name__ for layer in layers} <= {*known.split(), "UpSampling2D"}
    for layer in layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert type(layer.input._keras_history.operation).__name__ in ("Conv2D", "DepthwiseConv2D")


@pytest.mark.parametrize("name", ["compact", "compact-s", "mobilenet", "resnet"])
def test_network_accepts_raw_pixels_of_any_scale(name: str) -> None:
    """Check that BatchNormalization absorbs any scaling of the input in training."""
    keras.utils.set_random_seed(0)
    model = build(name)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 1)).astype(np.float32)
    stem = keras.Model(model.input, model.layers[2].output)
    once, tenfold = (np.array(stem(values, training=True)) for values in (pixels, 10 * pixels))
    assert tenfold == pytest.approx(once, abs=0.01)
    assert model.predict_on_batch(pixels).sum(axis=1) == pytest.approx(np.ones(8), abs=1e-5)


def test_bfloat16_applies_to_inner_layers_only() -> None:
    model = build("compact-s", bfloat16=True)
    assert {layer.compute_dtype for layer in model.layers[1:-1]} == {"bfloat16"}
    assert model.layers[-1].compute_dtype == "float32"
    assert {str(weight.dtype) for weight in model.weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_help_names_every_network_that_starts_from_random_weights() -> None:
    named = re.findall(r"[a-z][a-z0-9-]+(?=,| or |\.)", PARTS["arch"].help.partition(": ")[2])
    assert sorted(named) == sorted(ARCHITECTURES.keys() - BACKBONES.keys() - {"tiny"})


@pytest.mark.parametrize("name", ["", "\0", "Compact"])
def test_unknown_network_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="expected one of the architectures compact, "):
        build(name)
