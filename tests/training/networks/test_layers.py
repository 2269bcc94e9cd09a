from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from fer_edge.training.networks.layers import ByteDropout, FusedBatchNormalization

SHAPES = [(16, 5), (8, 6, 4, 3)]


def normalizations(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the fused layer and Keras' own, with the same random weights."""
    rng = np.random.default_rng(1)
    layers = FusedBatchNormalization(), keras.layers.BatchNormalization()
    weights = [rng.uniform(0.5, 2, shape[-1:]).astype(np.float32) for _ in range(4)]
    for layer in layers:
        layer.build(shape)
        layer.set_weights(weights)
    return layers


def run(layer: Any, values: np.ndarray, training: bool) -> list[np.ndarray]:
    """Return output, gradients by input, gamma and beta, and moving mean and variance."""
    inputs = tf.constant(values)
    weight = tf.constant(np.random.default_rng(2).normal(size=values.shape).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output = layer(inputs, training=training)
        loss = tf.reduce_sum(output * weight)
    gradients = tape.gradient(loss, [inputs, layer.gamma.value, layer.beta.value])
    return [np.asarray(one) for one in (output, *gradients, layer.moving_mean, layer.moving_variance)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [False, True])
def test_fused_normalization_equals_keras(shape: tuple[int, ...], training: bool) -> None:
    values = np.random.default_rng(0).normal(3, 5, shape).astype(np.float32)
    fused, plain = normalizations(shape)
    names = ("output", "by input", "by gamma", "by beta", "moving mean", "moving variance")
    results = zip(names, run(fused, values, training), run(plain, values, training), strict=True)
    for name, ours, theirs in results:
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-4, err_msg=name)


@pytest.mark.parametrize("shape", SHAPES)
def test_fused_normalization_updates_moving_statistics(shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(3, 5, shape).astype(np.float32)
    fused, _ = normalizations(shape)
    mean, variance = (np.asarray(one) for one in (fused.moving_mean, fused.moving_variance))
    fused(values, training=True)
    axes = tuple(range(len(shape) - 1))
    assert np.asarray(fused.moving_mean) == pytest.approx(0.99 * mean + 0.01 * values.mean(axes), rel=1e-4)
    # Keras averages the variance over N, not N - 1, which differ by 6 % here.
    assert np.asarray(fused.moving_variance) == pytest.approx(0.99 * variance + 0.01 * values.var(axes), rel=1e-4)


def test_frozen_fused_normalization_is_not_updated() -> None:
    fused, plain = normalizations((16, 5))
    fused.trainable = plain.trainable = False
    values = np.random.default_rng(0).normal(3, 5, (16, 5)).astype(np.float32)
    before = fused.get_weights()
    assert np.allclose(fused(values, training=True), plain(values, training=True))
    assert all(np.array_equal(a, b) for a, b in zip(before, fused.get_weights(), strict=True))


@pytest.mark.parametrize(("rate", "training"), [(0.25, False), (0.0, True)])
def test_dropout_without_rate_is_identity(rate: float, training: bool) -> None:
    values = np.ones((3, 5), np.float32)
    assert np.array_equal(ByteDropout(rate, seed=1)(values, training=training), values)


@pytest.mark.parametrize("rate", [0.25, 0.5, 0.1])
@pytest.mark.parametrize("shape", [(400, 101), (20, 10, 10, 7)])
def test_dropout_has_its_rate_and_keeps_mean(rate: float, shape: tuple[int, ...]) -> None:
    output = np.asarray(ByteDropout(rate, seed=1)(np.full(shape, 2, np.float32), training=True))
    stored = round(rate * 256) / 256
    assert set(np.unique(output)) == {0, np.float32(2 / (1 - stored))}
    # Four standard deviations.
    assert (output == 0).mean() == pytest.approx(stored, abs=4 * np.sqrt(rate * (1 - rate) / output.size))
    assert output.mean() == pytest.approx(2, rel=0.05)


def test_dropout_differs_from_step_to_step_and_repeats_with_its_seed() -> None:
    values = np.ones((4, 33), np.float32)
    layer, same = ByteDropout(0.5, seed=7), ByteDropout(0.5, seed=7)
    first, second = (np.asarray(layer(values, training=True)) for _ in range(2))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, same(values, training=True))
    assert not np.array_equal(first, ByteDropout(0.5, seed=8)(values, training=True))


def test_dropout_keeps_dtype() -> None:
    assert ByteDropout(0.5, dtype="bfloat16")(tf.ones((4, 4), tf.bfloat16), training=True).dtype == tf.bfloat16
