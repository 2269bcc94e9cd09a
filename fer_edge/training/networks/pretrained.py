"""Networks of keras.applications with ImageNet weights, behind a 48x48 gray input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import keras

from fer_edge.errors import FerEdgeError
from fer_edge.picture_form import FER2013_FORM

_UPSAMPLING = 2
"""Factor by which the picture is enlarged: the backbones halve it five times, which leaves 3 pixels of 96."""

_SIDE = FER2013_FORM.width * _UPSAMPLING


class Pretrained(Protocol):
    """Source of pretrained weights."""

    def load_imagenet(self, model: keras.Model) -> None:
        """Load the ImageNet weights into `model`; its last layer is not changed."""


@dataclass(frozen=True)
class Backbone:
    """A network of keras.applications without its classifier.

    Attributes:
        make: Function of keras.applications, called with keyword arguments only.
        scale: Factor of raw pixels, as the ImageNet weights expect it.
        offset: Offset of each of the three scaled channels.
    """

    make: Callable[..., keras.Model]
    scale: float
    offset: tuple[float, float, float]

    def features(self, image: Any) -> Any:
        """Return pooled features (N, C) of raw gray pixels (N, 48, 48, 1), from random weights."""
        x = keras.layers.UpSampling2D(_UPSAMPLING, interpolation="bilinear")(image)
        x = keras.layers.Concatenate()([x, x, x])
        x = keras.layers.Rescaling(self.scale, self.offset)(x)
        return self.make(input_tensor=x, include_top=False, weights=None, pooling="avg").output

    def load_imagenet(self, model: keras.Model) -> None:
        """Load the ImageNet weights, which Keras downloads once, into `model`, which is built on `features`.

        Raises:
            FerEdgeError: If they cannot be downloaded.
        """
        try:
            pretrained = self.make(input_shape=(_SIDE, _SIDE, 3), include_top=False, weights="imagenet", pooling="avg")
        except Exception as error:  # Keras' download raises many kinds
            raise FerEdgeError(
                f"the ImageNet weights could not be downloaded ({error}); connect to the internet once, "
                "or start from random weights"
            ) from error
        weights = pretrained.get_weights()
        model.set_weights([*weights, *model.get_weights()[len(weights) :]])


MOBILENET = Backbone(
    lambda **options: keras.applications.MobileNetV2(alpha=0.5, **options), 1 / 127.5, (-1.0, -1.0, -1.0)
)
"""MobileNetV2 of half width."""

RESNET = Backbone(keras.applications.ResNet50, 1.0, (-103.939, -116.779, -123.68))
"""ResNet50, whose weights expect pixels less ImageNet's mean colour."""
