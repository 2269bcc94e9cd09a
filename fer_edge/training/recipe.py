"""What a training run is asked to do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from fer_edge.errors import InputError

_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""The names of native bfloat16 arithmetic in /proc/cpuinfo, on x86-64 and on AArch64."""


class MixedPrecision(str, Enum):
    """Whether layers compute in bfloat16, with weights kept in float32."""

    AUTO = "auto"
    ON = "on"
    OFF = "off"

    def enabled(self) -> bool:
        """Resolve `AUTO` by what this machine's processor says of itself."""
        if self is not MixedPrecision.AUTO:
            return self is MixedPrecision.ON
        cpuinfo = Path("/proc/cpuinfo")
        return cpuinfo.is_file() and bool(_BFLOAT16_FLAGS & set(cpuinfo.read_text().split()))


class ClassBalance(str, Enum):
    """How much more an image of a rare expression counts: by its class's inverse frequency to the power 0, 1/2 or 1."""

    NONE = "none"
    SQRT = "sqrt"
    FULL = "full"

    @property
    def power(self) -> float:
        """The exponent of the inverse frequency."""
        return {ClassBalance.NONE: 0.0, ClassBalance.SQRT: 0.5, ClassBalance.FULL: 1.0}[self]


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run's result, besides its data.

    The defaults are those of the notebook that documents the network on Kaggle's data set. In every part that can be
    left out, 0 leaves it out.

    Attributes:
        name: What the recipe is called on the command line.
        arch: A key of `fer_edge.training.networks.architectures.ARCHITECTURES`.
        start_from: .keras or .tflite file of an `arch` model whose weights training starts from; empty for random ones.
        pretrained_weights: File of ImageNet's weights; empty for those that Keras fetches or a package ships.
        epochs: At most so many.
        batch_size: Images a step.
        learning_rate: The optimizer's, at its highest.
        cosine: Whether the learning rate falls to 0 along half a cosine over all epochs.
        warmup_epochs: Epochs in which it first rises from 0, with `cosine`.
        weight_decay: AdamW's, for kernels; 0 makes it Adam.
        stop_patience: Epochs without a lower validation loss before training stops.
        reduce_patience: Epochs without one before the learning rate falls.
        reduce_factor: What it is then multiplied by.
        reduce_min_delta: How much lower a validation loss must be to count, for the learning rate.
        ema: Momentum of the average of all steps' weights, which is what is evaluated and kept; less in a run so short
            that the average would reach over more than a fifth of its steps.
        flip: Whether half of the images are mirrored.
        shift: Most that an image moves along either axis, as a fraction of its side.
        scale: Most that it grows or shrinks, as a fraction.
        rotate: Most that it turns either way, in degrees.
        brightness: Most that is added or taken, as a fraction of white.
        contrast: Most that the distance from the mean grows or shrinks, as a fraction.
        erase: Share of images that lose a rectangle of 2 to 20 % of their area.
        mixup: Both parameters of the Beta distribution that two images' shares in their mixture are drawn from.
        label_smoothing: Probability that is spread evenly over the expressions.
        class_balance: How much more rare expressions count.
        votes_weight: Share of people's votes in the target of an image that has any, the label's being the rest.
        teachers: Files of the models whose averaged scores the network learns from.
        distill_weight: The teachers' share in the target, the rest being the label's and the votes'.
        distill_temperature: What the teachers' logits are divided by.
        distill_views: Epochs whose images the teachers score, to be shown again in later ones; 0 for every epoch.
        distill_once: Whether the teachers score each image once, unchanged, rather than as each epoch shows it.
        held_back: Share of the training images that only the scores' temperature is fitted on, the same in every run.
        seed: Of the first weights, the dropout, the order of images and what happens to them.
        bfloat16: Whether layers compute in bfloat16.
    """

    name: str = "documented"
    arch: str = "documented"
    start_from: str = ""
    pretrained_weights: str = ""
    epochs: int = 48
    batch_size: int = 128
    learning_rate: float = 1e-4
    cosine: bool = False
    warmup_epochs: float = 0.0
    weight_decay: float = 0.0
    stop_patience: int = 3
    reduce_patience: int = 3
    reduce_factor: float = 0.2
    reduce_min_delta: float = 1e-4
    ema: float = 0.0
    flip: bool = False
    shift: float = 0.0
    scale: float = 0.0
    rotate: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    erase: float = 0.0
    mixup: float = 0.0
    label_smoothing: float = 0.0
    class_balance: ClassBalance = ClassBalance.NONE
    votes_weight: float = 0.0
    teachers: tuple[str, ...] = ()
    distill_weight: float = 0.8
    distill_temperature: float = 2.0
    distill_views: int = 0
    distill_once: bool = False
    held_back: float = 0.0
    seed: int = 0
    bfloat16: bool = False

    def __post_init__(self) -> None:
        # As read from JSON, which has neither tuples nor enumerations.
        object.__setattr__(self, "teachers", tuple(self.teachers))
        object.__setattr__(self, "class_balance", ClassBalance(self.class_balance))
        for name, value in vars(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise InputError(f"{_option(name)} must be a finite number, got {value}")
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{_option(name)} must be at least 1, got {getattr(self, name)}")
        for name in ("learning_rate", "distill_temperature"):
            if not getattr(self, name) > 0:
                raise InputError(f"{_option(name)} must be above 0, got {getattr(self, name)}")
        for name in _NOT_NEGATIVE:
            if not getattr(self, name) >= 0:
                raise InputError(f"{_option(name)} must be at least 0, got {getattr(self, name)}")
        for name in _BELOW_ONE:
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{_option(name)} must be at least 0 and below 1, got {getattr(self, name)}")
        for name in ("erase", "distill_weight", "votes_weight"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{_option(name)} must lie in 0..1, got {getattr(self, name)}")
        if self.distill_once and self.distill_views:
            raise InputError("distill-once leaves nothing for distill-views to keep: give one of them")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed must lie in 0..{2**32 - 1}, got {self.seed}")


_NOT_NEGATIVE = (
    "warmup_epochs",
    "weight_decay",
    "stop_patience",
    "reduce_patience",
    "rotate",
    "mixup",
    "distill_views",
)
_BELOW_ONE = ("ema", "shift", "scale", "brightness", "contrast", "label_smoothing", "held_back")

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
}
"""What `--recipe` offers."""


def _option(name: str) -> str:
    return name.replace("_", "-")
