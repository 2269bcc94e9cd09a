"""Networks of keras.applications with ImageNet's weights, behind the same 48x48 gray input as all others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import keras

from fer_edge.dataset.data import FACE_SIZE
from fer_edge.errors import FerEdgeError

_UPSAMPLING = 2
"""The backbones halve their input five times: 48 pixels would leave 2 of each, 96 leave 3."""

_SIDE = FACE_SIZE * _UPSAMPLING


class Pretrained(Protocol):
    """A network's weights from elsewhere."""

    def load_imagenet(self, model: keras.Model) -> None:
        """Give `model` ImageNet's weights; its last layer stays as it is."""


@dataclass(frozen=True)
class Backbone:
    """A network of keras.applications without its classifier.

    Attributes:
        make: Its function there, called with keyword arguments only.
        scale: What raw pixels are multiplied by, as its ImageNet weights expect them.
        offset: What is then added to each of the three channels.
    """

    make: Callable[..., keras.Model]
    scale: float
    offset: tuple[float, float, float]

    def features(self, image: Any) -> Any:
        """Pooled features (N, C) of raw gray pixels (N, 48, 48, 1), from random weights."""
        x = keras.layers.UpSampling2D(_UPSAMPLING, interpolation="bilinear")(image)
        x = keras.layers.Concatenate()([x, x, x])
        x = keras.layers.Rescaling(self.scale, self.offset)(x)
        return self.make(input_tensor=x, include_top=False, weights=None, pooling="avg").output

    def load_imagenet(self, model: keras.Model) -> None:
        """Give `model`, built on `features`, ImageNet's weights, which Keras fetches once and keeps.

        Raises:
            FerEdgeError: If they cannot be fetched.
        """
        try:
            pretrained = self.make(input_shape=(_SIDE, _SIDE, 3), include_top=False, weights="imagenet", pooling="avg")
        except Exception as error:  # what Keras' download raises
            raise FerEdgeError(
                f"ImageNet's weights could not be fetched ({error}); connect to the internet once, "
                "or train without --pretrained"
            ) from error
        weights = pretrained.get_weights()
        model.set_weights([*weights, *model.get_weights()[len(weights) :]])


MOBILENET = Backbone(
    lambda **options: keras.applications.MobileNetV2(alpha=0.5, **options), 1 / 127.5, (-1.0, -1.0, -1.0)
)
"""MobileNetV2 at half its width."""

RESNET = Backbone(keras.applications.ResNet50, 1.0, (-103.939, -116.779, -123.68))
"""ResNet50, whose weights expect ImageNet's mean colour taken off."""
