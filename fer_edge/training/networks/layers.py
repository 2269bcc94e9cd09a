"""Faster equivalents of Keras' layers for training on a CPU.

On a CPU, Keras 3 computes BatchNormalization by separate mean, variance and scale operations, which took half of a
training step here, and samples a 32-bit float for each unit of Dropout. Neither class is ever saved: a trained
network's weights are copied into the plain architecture.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class FusedBatchNormalization(keras.layers.BatchNormalization):
    """BatchNormalization by TensorFlow's fused kernel, for channels-last (N, H, W, C) or (N, C) input."""

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize `inputs`; in training, by their own statistics, which also update the moving ones."""
        if not (training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        spatial = inputs if inputs.shape.rank == 4 else inputs[:, None, None, :]
        output, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=spatial, scale=self.gamma, offset=self.beta, mean=[], variance=[], epsilon=self.epsilon
        )
        count = tf.cast(tf.size(spatial) / spatial.shape[-1], tf.float32)
        self._move(self.moving_mean, mean)
        # The kernel reports the unbiased variance; Keras averages the biased one.
        self._move(self.moving_variance, variance * (count - 1.0) / count)
        return output if inputs.shape.rank == 4 else output[:, 0, 0, :]

    def _move(self, average: Any, batch_value: Any) -> None:
        average.assign(average * self.momentum + batch_value * (1.0 - self.momentum))


class ByteDropout(keras.layers.Dropout):
    """Dropout with one random byte per unit, so that `rate` is rounded to a multiple of 1/256."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop units of `inputs` at random in training, and scale up the rest."""
        if not training or self.rate == 0:
            return inputs
        threshold = round(self.rate * 256)
        size = tf.size(inputs)
        words = tf.random.stateless_uniform(
            [(size + 3) // 4], self.seed_generator.next(), minval=None, maxval=None, dtype=tf.uint32
        )
        random_bytes = tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:size], tf.shape(inputs))
        keep = tf.cast(random_bytes >= tf.constant(threshold, tf.uint8), inputs.dtype)
        return inputs * keep * tf.cast(256.0 / (256 - threshold), inputs.dtype)
