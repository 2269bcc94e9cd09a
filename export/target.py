"""Files that a model can be exported to: each format in each precision that it has."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from export.onnx import ONNX_PRECISIONS
from fer_edge.errors import InputError
from fer_edge.precision import Precision


class Format(str, Enum):
    """Kind of an exported file."""

    TFLITE = "tflite"
    ONNX = "onnx"


@dataclass(frozen=True)
class Target:
    """Format and precision of a file to export."""

    format: Format
    precision: Precision

    def file_name(self, name: str) -> str:
        """Return `<name>_<precision>.<format>`."""
        return f"{name}_{self.precision.value}.{self.format.value}"


def targets(precisions: list[Precision], formats: list[Format]) -> list[Target]:
    """Return every combination that can be exported.

    Raises:
        InputError: If a precision exists in none of the formats.
    """
    wanted = []
    for precision in precisions:
        possible = [f for f in formats if f is Format.TFLITE or precision in ONNX_PRECISIONS]
        if not possible:
            names = ", ".join(p.value for p in ONNX_PRECISIONS)
            raise InputError(f"ONNX is written in {names}; {precision.value} needs the format tflite")
        wanted += [Target(one, precision) for one in possible]
    return wanted
