"""What a training run is asked to do."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run's result, besides its data.

    The defaults are those of the notebook that documents the network on Kaggle's data set.

    Attributes:
        name: What the recipe is called on the command line.
        arch: A key of `fer_edge.training.architectures.ARCHITECTURES`.
        epochs: At most so many.
        batch_size: Images a step.
        learning_rate: Adam's, at the start.
        stop_patience: Epochs without a lower validation loss before training stops.
        reduce_patience: Epochs without one before the learning rate falls.
        reduce_factor: What it is then multiplied by.
        reduce_min_delta: How much lower a validation loss must be to count, for the learning rate.
        seed: Of the first weights, the dropout and the order of images.
        bfloat16: Whether layers compute in bfloat16.
    """

    name: str = "documented"
    arch: str = "documented"
    epochs: int = 48
    batch_size: int = 128
    learning_rate: float = 1e-4
    stop_patience: int = 3
    reduce_patience: int = 3
    reduce_factor: float = 0.2
    reduce_min_delta: float = 1e-4
    seed: int = 0
    bfloat16: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise InputError(f"{name.replace('_', '-')} must be at least 1, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise InputError(f"learning-rate must be above 0, got {self.learning_rate}")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed must lie in 0..{2**32 - 1}, got {self.seed}")
