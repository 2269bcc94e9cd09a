"""Networks with others inside them, such as a backbone of `keras.applications` and preprocessing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from export.folding import fold
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.errors import ModelError
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.networks.nesting import without_nesting

L = keras.layers
IMAGES = np.stack([np.random.default_rng(0).integers(0, most, (32, 32, 3), np.uint8) for most in (30, 120, 255)])


def backbone() -> keras.Model:
    """Return features of a small network whose layers are called as those of the network around it may be."""
    image = keras.Input((32, 32, 3))
    x = L.BatchNormalization()(L.Conv2D(4, 3, name="dense")(image))
    return keras.Model(image, L.Add()([L.ReLU()(x), x]), name="backbone")


def sequential() -> keras.Model:
    """Return a network of rescaling, a backbone and a head that is a network, too."""
    head = keras.Sequential([keras.Input((30, 30, 4)), L.GlobalAveragePooling2D(), L.Dropout(0.5)])
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            L.Rescaling(1 / 127.5, -1),
            keras.Sequential([keras.Input((32, 32, 3)), backbone()]),
            head,
            L.Dense(2, "softmax", kernel_initializer="random_normal", name="dense"),
        ]
    )


def functional() -> keras.Model:
    """Return a network with operations for preprocessing, and a frozen backbone that never trains."""
    image = keras.Input((32, 32, 3))
    x = backbone()(keras.applications.mobilenet_v2.preprocess_input(image), training=False)
    return keras.Model(image, L.Dense(2, "softmax", name="dense")(L.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize(("make", "suffix"), [(sequential, ".keras"), (sequential, ".h5"), (functional, ".keras")])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_nested_networks_become_layers_with_the_same_scores(
    tmp_path: Path, make: Callable[[], keras.Model], suffix: str
) -> None:
    keras.utils.set_random_seed(3)
    model = make()
    expected = np.asarray(model.predict_on_batch(IMAGES.astype(np.float32)))
    model.save(tmp_path / f"own{suffix}")
    loaded = KerasClassifier.load(tmp_path / f"own{suffix}", StatedFacts(("a", "b"), (0, 255), trusted=True))
    assert not [layer for layer in loaded.model.layers if isinstance(layer, keras.Model)]
    assert loaded.classify_all(IMAGES) == pytest.approx(expected, abs=1e-5)
    folded = fold(loaded.model)
    assert not [layer for layer in folded.layers if isinstance(layer, L.BatchNormalization)]
    assert folded.predict_on_batch(IMAGES.astype(np.float32)) == pytest.approx(expected, abs=1e-5)
    assert expected.std(axis=0).max() > 1e-3


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_operation_that_h5_cannot_hold_is_named_with_advice(tmp_path: Path) -> None:
    functional().save(tmp_path / "own.h5")
    with pytest.raises(ModelError, match=r"own\.h5: .*operation TrueDivide.*; save the network as \.keras"):
        KerasClassifier.load(tmp_path / "own.h5", StatedFacts(("a", "b"), (0, 255), trusted=True))


def test_layer_that_is_used_twice_stays_one_layer() -> None:
    image, shared = keras.Input((8, 8, 3)), L.Conv2D(3, 3, padding="same")
    inner = keras.Model(image, shared(shared(image)))
    flat = without_nesting(keras.Sequential([keras.Input((8, 8, 3)), inner, L.Flatten(), L.Dense(2)]))
    assert [type(layer).__name__ for layer in flat.layers] == ["InputLayer", "Conv2D", "Flatten", "Dense"]


def test_scaled_input_leaves_normalization_foldable(tmp_path: Path) -> None:
    image = keras.Input((32, 32, 3))
    x = L.BatchNormalization()(L.Conv2D(4, 3)(image))
    keras.Model(image, L.Dense(2, "softmax")(L.GlobalAveragePooling2D()(x))).save(tmp_path / "own.keras")
    loaded = KerasClassifier.load(tmp_path / "own.keras", StatedFacts(("a", "b"), (0, 1), trusted=True))
    assert not [layer for layer in fold(loaded.model).layers if isinstance(layer, L.BatchNormalization)]
