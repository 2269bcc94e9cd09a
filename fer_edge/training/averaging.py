"""Exponential moving average (EMA) of the weights, with BatchNormalization statistics of its own."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.scores import FloatArray


class AveragedWeights(keras.callbacks.Callback):
    """Swaps the optimizer's EMA weights in for validation and for saving the best epoch.

    BatchNormalization's moving statistics belong to the last steps' weights and cost EMA weights two points of accuracy
    here. They are measured again on a few training images, as `torch.optim.swa_utils.update_bn` does. Must stand after
    the callbacks that keep weights and before `SaveEveryEpoch`. Keras' own SwapEMAWeights swaps by adding and
    subtracting, which rounds.
    """

    def __init__(self, images: FloatArray, batch_size: int) -> None:
        """Prepare to measure the statistics.

        Args:
            images: float32 (N, H, W, channels), 0..255, augmented as in training.
            batch_size: Images measured at once.
        """
        super().__init__()
        self._batches = np.array_split(images, max(len(images) // batch_size, 1))
        self._statistics: list[npt.NDArray[Any]] = []

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Swap the EMA weights in and measure their statistics."""
        self._statistics = [np.array(variable) for variable in self.model.non_trainable_variables]
        self._swap()
        self._measure_statistics()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Restore the weights and statistics of the last step."""
        self._swap()
        for variable, value in zip(self.model.non_trainable_variables, self._statistics, strict=True):
            variable.assign(value)

    def _swap(self) -> None:
        averages = self.model.optimizer._model_variables_moving_average
        for weights, average in zip(self.model.trainable_variables, averages, strict=True):
            weights_now, average_now = np.array(weights), np.array(average)
            weights.assign(average_now)
            average.assign(weights_now)

    def _measure_statistics(self) -> None:
        layers = [x for x in self.model.layers if isinstance(x, keras.layers.BatchNormalization)]
        momentums = [layer.momentum for layer in layers]
        for done, batch in enumerate(self._batches):
            for layer in layers:
                layer.momentum = done / (done + 1)  # which makes the moving average a plain one
            self.model(batch, training=True)
        for layer, momentum in zip(layers, momentums, strict=True):
            layer.momentum = momentum
