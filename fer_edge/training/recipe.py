"""Recipe of a training run: network, optimizer, augmentation, targets."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import Any

from fer_edge.errors import InputError
from fer_edge.training.recipe_part import (
    AT_LEAST_ONE,
    BELOW_ONE,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    Bounds,
    Choices,
    Part,
    Range,
    part,
    part_of,
)

_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Flags of native bfloat16 arithmetic in /proc/cpuinfo, on x86-64 and AArch64."""


class MixedPrecision(str, Enum):
    """Switch for layers that compute in bfloat16, with float32 weights."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"

    def enabled(self) -> bool:
        """Resolve `AUTO`: on where the processor has bfloat16 arithmetic."""
        if self is not MixedPrecision.AUTO:
            return self is MixedPrecision.ON
        cpuinfo = Path("/proc/cpuinfo")
        return cpuinfo.is_file() and bool(_BFLOAT16_FLAGS & set(cpuinfo.read_text().split()))


class ClassBalance(str, Enum):
    """Weight of an image: its class's inverse frequency to the power 0, 1/2 or 1."""

    NONE = "none"
    SQRT = "sqrt"
    FULL = "full"

    @property
    def power(self) -> float:
        """Exponent of the inverse frequency."""
        return {ClassBalance.NONE: 0.0, ClassBalance.SQRT: 0.5, ClassBalance.FULL: 1.0}[self]


@dataclass(frozen=True)
class Recipe:
    """Everything besides the data that decides the result of a training run.

    The defaults are those of the notebook that documents the network on Kaggle's data set. A part that can be left out
    is left out by 0. Each field made by `part` has its own help; the others are:

    Attributes:
        name: Key of `RECIPES` that the recipe was made from.
        start_from: .keras or .tflite file of an `arch` model whose weights training starts from; empty for random ones.
        pretrained_weights: File of the ImageNet weights; empty for the default source.
        reduce_factor: Factor by which the learning rate falls after `reduce_patience` epochs.
        reduce_min_delta: Least decrease of the validation loss that counts as one, for the learning rate.
        teachers: Files of the models whose mean scores the network learns from.
        bfloat16: Whether layers compute in bfloat16.
    """

    name: str = "documented"
    arch: str = part(
        "documented",
        "Network architecture: compact, compact-s, documented, efficientnet-lite0, mobilenet, resnet or resnet-l.",
    )
    start_from: str = ""
    pretrained_weights: str = ""
    epochs: int = part(48, "Maximum number of epochs.", AT_LEAST_ONE)
    batch_size: int = part(128, "Images per training step.", AT_LEAST_ONE, Choices((32, 64, 128, 256)))
    learning_rate: float = part(1e-4, "Highest learning rate.", POSITIVE, Range(1e-4, 1e-2, log=True))
    cosine: bool = part(False, "Let the learning rate fall to 0 along half a cosine over all epochs.")
    warmup_epochs: float = part(
        0.0, "Epochs in which the learning rate first rises from 0, with a cosine.", NOT_NEGATIVE
    )
    weight_decay: float = part(
        0.0, "AdamW's weight decay, for kernels only; 0 uses Adam.", NOT_NEGATIVE, Range(1e-3, 0.3, log=True)
    )
    stop_patience: int = part(3, "Epochs without a lower val_loss before training stops; 0: never.", NOT_NEGATIVE)
    reduce_patience: int = part(
        3, "Epochs without a lower val_loss before the learning rate falls; 0: never.", NOT_NEGATIVE
    )
    reduce_factor: float = 0.2
    reduce_min_delta: float = 1e-4
    ema: float = part(
        0.0,
        "Momentum of the exponential moving average (EMA) of the weights, which is validated and kept; lower in runs "
        "so short that it would span more than a fifth of their steps; 0: none.",
        BELOW_ONE,
        Choices((0.0, 0.99, 0.995, 0.998, 0.999)),
    )
    flip: bool = part(False, "Mirror half of the images.")
    shift: float = part(0.0, "Maximum shift along each axis, as a share of the side.", BELOW_ONE, Range(0, 0.2))
    scale: float = part(0.0, "Maximum change of scale, as a share.", BELOW_ONE, Range(0, 0.3))
    rotate: float = part(0.0, "Maximum rotation, in degrees.", NOT_NEGATIVE, Range(0, 25))
    brightness: float = part(0.0, "Maximum change of brightness, as a share of white.", BELOW_ONE, Range(0, 0.3))
    contrast: float = part(0.0, "Maximum change of contrast, as a share.", BELOW_ONE, Range(0, 0.5))
    erase: float = part(
        0.0, "Share of images in which a rectangle of 2 to 20 % of the area is erased.", SHARE, Range(0, 0.5)
    )
    mixup: float = part(
        0.0, "Mix pairs of images by shares from a Beta(x, x) distribution.", NOT_NEGATIVE, Range(0, 0.4)
    )
    label_smoothing: float = part(
        0.0, "Share of the target that is spread evenly over all expressions.", BELOW_ONE, Range(0, 0.2)
    )
    class_balance: ClassBalance = part(  # noqa: RUF009 - a field, as the others are
        ClassBalance.NONE,
        "Weight of rare expressions: by inverse frequency (full), its square root (sqrt) or not at all (none).",
        search=Choices(tuple(choice.value for choice in ClassBalance)),
    )
    votes_weight: float = part(
        0.0, "Share of people's votes in the target of images that have any; 0 uses labels only.", SHARE
    )
    teachers: tuple[str, ...] = ()
    distill_weight: float = part(0.8, "Share of the teachers' scores in the target.", SHARE, Range(0.3, 1))
    distill_temperature: float = part(
        2.0, "Temperature that the teachers' logits are divided by.", POSITIVE, Range(1, 6)
    )
    distill_views: int = part(
        0, "Epochs whose images the teachers score and later epochs reuse; 0: every epoch.", NOT_NEGATIVE
    )
    distill_once: bool = part(
        False, "Let the teachers score each image once, unchanged, instead of as augmented in each epoch."
    )
    frozen_normalization: bool = part(
        False,
        "Keep the BatchNormalization of the network that training starts from: a few images tell its statistics badly.",
    )
    held_back: float = part(
        0.0, "Share of the training images held back to calibrate the scores' temperature.", BELOW_ONE
    )
    seed: int = part(0, "Seed of the initial weights, dropout, order of images and augmentation.", Bounds(0, 2**32 - 1))
    bfloat16: bool = False

    def __post_init__(self) -> None:
        # JSON has neither tuples nor enumerations.
        object.__setattr__(self, "teachers", tuple(self.teachers))
        object.__setattr__(self, "class_balance", ClassBalance(self.class_balance))
        for each in fields(self):
            _require_within_bounds(each.name, getattr(self, each.name), PARTS.get(each.name))
        if self.distill_once and self.distill_views:
            raise InputError("distill_once leaves nothing for distill_views to reuse: give one of them")

    def ema_momentum(self, steps: int) -> float:
        """Return the EMA momentum for `steps` an epoch: low enough to span at most a fifth of the run.

        Otherwise the average would keep the poor early weights of a short run.
        """
        return max(min(self.ema, 1 - 5 / (self.epochs * steps)), 0.0)


PARTS: dict[str, Part] = {each.name: known for each in fields(Recipe) if (known := part_of(each)) is not None}
"""Facts about the fields of `Recipe` that have their own help."""


def _require_within_bounds(name: str, value: Any, known: Part | None) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{name} must be a finite number, got {value}")
    if known is not None and known.bounds is not None and value not in known.bounds:
        raise InputError(f"{name} must be {known.bounds}, got {value}")


RECIPES = {
    "documented": Recipe(),
    "modern": Recipe(
        name="modern",
        arch="compact",
        epochs=60,
        learning_rate=3e-3,
        cosine=True,
        warmup_epochs=2,
        weight_decay=0.05,
        stop_patience=0,
        reduce_patience=0,
        ema=0.998,
        flip=True,
        shift=0.1,
        scale=0.15,
        rotate=15,
        brightness=0.1,
        contrast=0.3,
        erase=0.25,
        mixup=0.2,
        label_smoothing=0.1,
        class_balance=ClassBalance.SQRT,
        votes_weight=1.0,
        held_back=0.05,
    ),
    "fine-tune": Recipe(
        name="fine-tune",
        arch="compact",
        epochs=30,
        batch_size=32,
        weight_decay=0.01,
        stop_patience=6,
        flip=True,
        shift=0.1,
        scale=0.15,
        rotate=15,
        brightness=0.1,
        contrast=0.3,
        erase=0.1,
        label_smoothing=0.05,
        class_balance=ClassBalance.SQRT,
        frozen_normalization=True,
    ),
}
"""Recipes by name; `fine-tune` is for tens to thousands of images a class, from a trained network's weights."""
