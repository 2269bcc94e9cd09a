"""Parts of the architectures: input and output, layer classes, and blocks of layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.picture_form import FER2013_FORM, PictureForm

SCORES_LAYER = "scores"
"""Name of a network's last layer."""

HEAD_DROPOUT = 0.2
_STEM_SIZE = 3


@dataclass(frozen=True)
class LayerSet:
    """Layer classes of an architecture, where several compute the same."""

    batch_normalization: Callable[..., Any] = keras.layers.BatchNormalization
    dropout: Callable[[float], Any] = keras.layers.Dropout
    depthwise: Callable[..., Any] = keras.layers.DepthwiseConv2D


@dataclass(frozen=True)
class Task:
    """Input and output of a network.

    Attributes:
        form: Size and colour of the faces.
        classes: Number of classes.
    """

    form: PictureForm = FER2013_FORM
    classes: int = NUM_EXPRESSIONS

    def inputs(self) -> Any:
        """Return the network's input: raw pixels."""
        return keras.Input(self.form.input_shape, name="image")

    def scores(self, x: Any) -> Any:
        """Return the network's output: probabilities."""
        # float32 under any policy: a probability in bfloat16 has 8 bits.
        return keras.layers.Dense(self.classes, activation="softmax", dtype="float32", name=SCORES_LAYER)(x)


SEVEN = Task()
"""The seven expressions in 48x48 gray faces."""


class Blocks:
    """Builder of blocks: convolution, BatchNormalization and ReLU, an order in which export folds the first two."""

    def __init__(self, layers: LayerSet | None, task: Task, maximum: float | None = None) -> None:
        self._task = task
        self._layers = layers or LayerSet()
        self._maximum = maximum

    def stem(self, x: Any, filters: int, *, strides: int = 1) -> Any:
        """Return the first convolution, whose filters start as edges."""
        kernel = keras.initializers.Constant(_edge_filters(filters, x.shape[-1]))
        x = keras.layers.Conv2D(
            filters, _STEM_SIZE, strides=strides, padding="same", use_bias=False, kernel_initializer=kernel
        )(x)
        return self._normalized(x)

    def convolution(self, x: Any, filters: int, size: int, *, strides: int = 1, ends_branch: bool = False) -> Any:
        """Return a dense convolution with `size`x`size` kernels."""
        x = keras.layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return self._branch_end(x) if ends_branch else self._normalized(x)

    def dense(self, x: Any, filters: int, *, strides: int = 1, ends_branch: bool = False) -> Any:
        """Return a dense 3x3 convolution."""
        return self.convolution(x, filters, 3, strides=strides, ends_branch=ends_branch)

    def separable(self, x: Any, filters: int, *, strides: int = 1, ends_branch: bool = False) -> Any:
        """Return a depthwise 3x3 convolution and a pointwise one."""
        x = self._layers.depthwise(3, strides=strides, padding="same", use_bias=False)(x)
        return self.convolution(x, filters, 1, ends_branch=ends_branch)

    def inverted_residual(self, x: Any, filters: int, *, strides: int) -> Any:
        """Return an expansion by 4, a depthwise convolution and a linear bottleneck, added to `x` if shapes agree."""
        wide = self.convolution(x, 4 * x.shape[-1], 1)
        wide = self._layers.depthwise(3, strides=strides, padding="same", use_bias=False)(wide)
        y = keras.layers.Conv2D(filters, 1, use_bias=False)(self._normalized(wide))
        if x.shape != (*y.shape[:-1], filters):
            return self._layers.batch_normalization()(y)
        return keras.layers.Add()([x, self._branch_end(y)])

    def classifier(self, inputs: Any, x: Any, name: str) -> keras.Model:
        """Return the network that ends in average pooling, dropout and the scores."""
        x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(inputs, self._task.scores(self._layers.dropout(HEAD_DROPOUT)(x)), name=name)

    def _normalized(self, x: Any) -> Any:
        return keras.layers.ReLU(self._maximum)(self._layers.batch_normalization()(x))

    def _branch_end(self, x: Any) -> Any:
        # A scale of 0 makes the block start as the identity (Goyal et al., 2017).
        return self._layers.batch_normalization(gamma_initializer="zeros")(x)


def _edge_filters(filters: int, channels: int) -> npt.NDArray[np.float32]:
    """Return the 2-D discrete cosine basis without its constant, lowest frequencies first, each with both signs.

    Neighbouring pixels are so similar that random filters would all start as about the same blur.

    Returns:
        A kernel with filters of unit norm, divided evenly among the channels, float32 (3, 3, `channels`, `filters`).
    """
    waves = np.cos(np.pi * np.outer(np.arange(_STEM_SIZE), np.arange(_STEM_SIZE) + 0.5) / _STEM_SIZE)
    order = sorted(np.ndindex(_STEM_SIZE, _STEM_SIZE), key=sum)[1 : filters // 2 + 1]
    basis = np.stack([np.outer(waves[row], waves[column]) for row, column in order], axis=-1)
    basis /= np.linalg.norm(basis, axis=(0, 1))
    kernel = np.concatenate([basis, -basis], axis=-1)[:, :, np.newaxis].astype(np.float32)
    return np.repeat(kernel / channels, channels, axis=2) if channels > 1 else kernel
