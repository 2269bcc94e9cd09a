"""Writes int8 TFLite files without a card, with random weights, into the folder that is its argument."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf


def convert(shape: tuple[int, int, int], classes: int) -> bytes:
    """Return a network from images of a shape (H, W, channels) to scores of some classes."""
    tf.keras.utils.set_random_seed(0)
    model = tf.keras.Sequential(
        [
            tf.keras.Input(shape, batch_size=1),
            tf.keras.layers.Rescaling(1 / 255),
            tf.keras.layers.Conv2D(8, 5, 4, activation="relu"),
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(classes, activation="softmax"),
        ]
    )

    def noise() -> Iterator[list[npt.NDArray[np.float32]]]:
        random = np.random.default_rng(0)
        for _ in range(20):
            yield [random.uniform(0, 255, (1, *shape)).astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = noise
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    content: bytes = converter.convert()
    return content


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    (folder / "bare.tflite").write_bytes(convert((48, 48, 1), 7))
    (folder / "other_task.tflite").write_bytes(convert((32, 32, 3), 10))
