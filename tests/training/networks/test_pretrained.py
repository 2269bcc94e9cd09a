from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from fer_edge.errors import FerEdgeError
from fer_edge.training.networks.architectures import BACKBONES, build

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 48, 48, 1)).astype(np.float32)


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set an empty cache of Keras' downloads, and a proxy that refuses connections."""
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    return tmp_path


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_backbone_takes_raw_gray_pixels(name: str) -> None:
    model = build(name)
    assert (model.input_shape, model.output_shape) == ((None, 48, 48, 1), (None, 7))
    assert model.predict_on_batch(PIXELS).sum(axis=1) == pytest.approx(np.ones(2), abs=1e-5)


def test_backbone_gets_pixels_scaled_as_in_its_training() -> None:
    """Compare with keras.applications' own preprocessing and network on the enlarged face."""
    keras.utils.set_random_seed(0)
    model = build("mobilenet-imagenet")
    original = keras.applications.MobileNetV2(
        input_shape=(96, 96, 3), alpha=0.5, include_top=False, weights=None, pooling="avg"
    )
    original.set_weights(model.get_weights()[:-2])
    large = keras.layers.UpSampling2D(2, interpolation="bilinear")(np.repeat(PIXELS, 3, axis=-1))
    expected = original.predict_on_batch(keras.applications.mobilenet_v2.preprocess_input(np.array(large)))
    features = keras.Model(model.input, model.layers[-2].output).predict_on_batch(PIXELS)
    assert features == pytest.approx(expected, abs=1e-5)
    assert features.std() > 0


def test_imagenet_weights_are_read_from_keras_cache(offline: Path) -> None:
    keras.utils.set_random_seed(1)
    fetched = keras.applications.MobileNetV2(input_shape=(96, 96, 3), alpha=0.5, include_top=False, weights=None)
    (offline / "models").mkdir()
    fetched.save(offline / "models" / "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.5_96_no_top.h5")
    model = build("mobilenet-imagenet")
    head = model.get_weights()[-2:]
    BACKBONES["mobilenet-imagenet"].load_imagenet(model)
    weights = model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(weights, [*fetched.get_weights(), *head], strict=True))


def test_missing_connection_is_reported(offline: Path) -> None:
    with pytest.raises(
        FerEdgeError, match=r"the ImageNet weights could not be downloaded \(URL fetch failure.*random weights"
    ):
        BACKBONES["resnet-imagenet"].load_imagenet(build("resnet-imagenet"))
