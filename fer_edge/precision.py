"""Precisions of model files."""

from __future__ import annotations

from enum import Enum


class Precision(str, Enum):
    """Storage of weights and activations.

    `DYNAMIC` has int8 weights and float activations; `INT8` has both in int8; `INT16X8` has int16 activations and
    int8 weights. `MIXED` is any other combination.
    """

    FP32 = "fp32"
    FP16 = "fp16"
    DYNAMIC = "dynamic"
    INT8 = "int8"
    INT16X8 = "int16x8"
    MIXED = "mixed"

    @property
    def needs_calibration(self) -> bool:
        """Return true if activations are integers, whose ranges must be measured on images."""
        return self in (Precision.INT8, Precision.INT16X8)


EXPORTABLE = tuple(precision for precision in Precision if precision is not Precision.MIXED)
