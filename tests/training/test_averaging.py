from __future__ import annotations

import keras
import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.training.averaging import AveragedWeights
from fer_edge.training.compiling import compiled_model
from fer_edge.training.recipe import Recipe


def test_ema_weights_have_batch_statistics_of_their_own(modern: Recipe, faces: Dataset) -> None:
    """Check the mean and deviation of each normalized channel over the images that the statistics were measured on."""
    model = compiled_model(modern, 1)
    images = faces.train.inputs()[:64]
    averaged = AveragedWeights(images, 64)
    averaged.set_model(model)
    for weights, average in zip(
        model.trainable_variables, model.optimizer._model_variables_moving_average, strict=True
    ):
        average.assign(weights)
    before = model.get_weights()
    averaged.on_test_begin()
    layer = next(x for x in model.layers if isinstance(x, keras.layers.BatchNormalization))
    normalized = keras.Model(model.input, layer.output).predict(images, verbose=0)
    assert normalized.mean(axis=(0, 1, 2)) == pytest.approx(0, abs=0.02)
    assert normalized.std(axis=(0, 1, 2)) == pytest.approx(1, abs=0.02)
    assert layer.momentum == keras.layers.BatchNormalization().momentum
    averaged.on_epoch_end(0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
