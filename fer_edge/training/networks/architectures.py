"""Network architectures by name.

All take raw pixels. The BatchNormalization after the first convolution absorbs any scaling, such as by 1/255; export
folds it into that convolution's kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from fer_edge.errors import InputError
from fer_edge.picture_form import FER2013_FORM
from fer_edge.training.networks import efficientnet_lite
from fer_edge.training.networks.blocks import HEAD_DROPOUT, SEVEN, Blocks, LayerSet, Task
from fer_edge.training.networks.pretrained import MOBILENET, RESNET, Backbone, Pretrained


def documented_cnn(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build the documented CNN: three convolutions, two dense layers, 5,655,815 parameters for the seven expressions.

    Args:
        layers: Layer classes; Keras' own by default.
        task: Input and number of classes.

    Returns:
        A model from raw pixels, float32 (N, H, W, channels) in 0..255, to probabilities, float32 (N, classes).
    """
    layers = layers or LayerSet()
    inputs = task.inputs()
    x = inputs
    for filters, size in ((64, 3), (128, 5), (512, 3)):
        x = keras.layers.Conv2D(filters, size, padding="same")(x)
        x = layers.batch_normalization()(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D(2)(x)
        x = layers.dropout(0.25)(x)
    x = keras.layers.Flatten()(x)
    for units in (256, 512):
        x = keras.layers.Dense(units)(x)
        x = layers.batch_normalization()(x)
        x = keras.layers.ReLU()(x)
        x = layers.dropout(0.25)(x)
    return keras.Model(inputs, task.scores(x), name="documented")


@dataclass(frozen=True)
class Stages:
    """Size of a network whose resolution halves from stage to stage.

    Attributes:
        stem: Channels of the first convolution, at full resolution.
        widths: Channels of each stage, at 24x24, 12x12 and 6x6.
        blocks: Residual blocks of each stage.
    """

    stem: int
    widths: tuple[int, int, int]
    blocks: tuple[int, int, int]


_Block = Callable[..., Any]
Builder = Callable[..., keras.Model]


def compact(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build the project's own network for a Raspberry Pi: depthwise-separable, residual, ReLU throughout.

    The first two convolutions, which have few channels, are dense: int8 lost most at a depthwise convolution between
    them. Arguments and result are as of `documented_cnn`.
    """
    stages = Stages(8, (32, 72, 176), (1, 2, 2))
    return _residual_network("compact", stages, Blocks(layers, task).separable, layers, task)


def compact_s(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build a smaller `compact`."""
    stages = Stages(8, (24, 48, 104), (1, 1, 2))
    return _residual_network("compact-s", stages, Blocks(layers, task).separable, layers, task)


def resnet(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build a small residual network of dense 3x3 convolutions (He et al., 2015), suited as a teacher."""
    stages = Stages(16, (64, 128, 192), (1, 2, 1))
    return _residual_network("resnet", stages, Blocks(layers, task).dense, layers, task)


def resnet_l(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build a larger `resnet`, a teacher for those who train on an accelerator: 450 M multiplications."""
    stages = Stages(16, (96, 160, 256), (2, 2, 2))
    return _residual_network("resnet-l", stages, Blocks(layers, task).dense, layers, task)


def mobilenet(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build a small MobileNetV2 (Sandler et al., 2018): inverted residuals with linear bottlenecks and ReLU6."""
    made = Blocks(layers, task, maximum=6.0)
    inputs = task.inputs()
    x = made.stem(inputs, 16, strides=2)
    for width, blocks in ((24, 2), (40, 3), (72, 3)):
        for block in range(blocks):
            x = made.inverted_residual(x, width, strides=2 if block == 0 and width > 24 else 1)
    x = made.convolution(x, 256, 1)
    return made.classifier(inputs, x, "mobilenet")


def _residual_network(name: str, stages: Stages, block: _Block, layers: LayerSet | None, task: Task) -> keras.Model:
    made = Blocks(layers, task)
    inputs = task.inputs()
    x = made.stem(inputs, stages.stem)
    for stage, (width, blocks) in enumerate(zip(stages.widths, stages.blocks, strict=True)):
        x = (block if stage else made.dense)(x, width, strides=2)
        for _ in range(blocks):
            branch = block(block(x, width), width, ends_branch=True)
            x = keras.layers.ReLU()(keras.layers.Add()([x, branch]))
    return made.classifier(inputs, x, name)


def _transfer(backbone: Backbone, name: str) -> Builder:
    def builder(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
        inputs = task.inputs()
        x = (layers or LayerSet()).dropout(HEAD_DROPOUT)(backbone.features(inputs))
        return keras.Model(inputs, task.scores(x), name=name)

    return builder


def efficientnet_lite0(layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build EfficientNet-Lite0 behind a doubling of the picture: 69 M multiplications, 3.4 M parameters."""
    layers = layers or LayerSet()
    inputs = task.inputs()
    x = layers.dropout(HEAD_DROPOUT)(efficientnet_lite.features(inputs, layers.batch_normalization))
    return keras.Model(inputs, task.scores(x), name="efficientnet-lite0")


ARCHITECTURES: dict[str, Builder] = {
    "compact": compact,
    "compact-s": compact_s,
    "documented": documented_cnn,
    "efficientnet-lite0": efficientnet_lite0,
    "efficientnet-lite0-imagenet": efficientnet_lite0,
    "mobilenet": mobilenet,
    "mobilenet-imagenet": _transfer(MOBILENET, "mobilenet-imagenet"),
    "resnet": resnet,
    "resnet-imagenet": _transfer(RESNET, "resnet-imagenet"),
    "resnet-l": resnet_l,
}
"""Builders by name; all build random weights, those of `BACKBONES` too."""

_GRAY_48_ONLY = {"efficientnet-lite0", "efficientnet-lite0-imagenet", "mobilenet-imagenet", "resnet-imagenet"}
"""Networks that enlarge a gray face of 48x48 pixels to what ImageNet's weights were trained on."""

BACKBONES: dict[str, Pretrained] = {
    "efficientnet-lite0-imagenet": efficientnet_lite.ShippedWeights(),
    "mobilenet-imagenet": MOBILENET,
    "resnet-imagenet": RESNET,
}
"""Sources of the ImageNet weights that a network can start from."""


def reads_weights_file(name: str) -> bool:
    """Return whether the ImageNet weights of a network of `BACKBONES` are read from a local file."""
    return isinstance(BACKBONES[name], efficientnet_lite.ShippedWeights)


def load_pretrained(model: keras.Model, name: str, file: Path | None = None) -> None:
    """Load the ImageNet weights of a network of `BACKBONES`.

    Args:
        model: Network from `build`; it is changed.
        name: Key of `BACKBONES`.
        file: PyTorch checkpoint to read instead of the default source, where `reads_weights_file`.

    Raises:
        FerEdgeError: If the weights cannot be downloaded.
        InputError: If their package is missing, or their file cannot be used.
    """
    if file is None:
        BACKBONES[name].load_imagenet(model)
    else:
        efficientnet_lite.load_weights(model, file)


def build(name: str, *, bfloat16: bool = False, layers: LayerSet | None = None, task: Task = SEVEN) -> keras.Model:
    """Build a network of `ARCHITECTURES` with float32 weights that computes in float32 or bfloat16.

    Raises:
        InputError: If there is no such network, or it takes faces of 48x48 gray pixels only.
    """
    if name not in ARCHITECTURES:
        raise InputError(f"expected one of the architectures {', '.join(ARCHITECTURES)}, got {name!r}")
    if task.form != FER2013_FORM and name in _GRAY_48_ONLY:
        raise InputError(f"{name}: expected {FER2013_FORM} faces, which it was made for, got {task.form}")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if bfloat16 else "float32")
    try:
        return ARCHITECTURES[name](layers, task)
    finally:
        keras.config.set_dtype_policy(before)
