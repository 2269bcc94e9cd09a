"""The shipped model that suits this machine: the larger network where its 8-bit arithmetic is cheap."""

from __future__ import annotations

from pathlib import Path

from fer_edge.board import has_dot_products, instruction_set
from fer_edge.inference.engine import TFLITE_ENGINES, Engine
from fer_edge.inference.tflite import first_that_works
from fer_edge.models import shipped_models

AUTO = "auto"
"""Name that stands for the shipped model that suits this machine."""

WITH_DOT_PRODUCTS = "compact"
WITHOUT_DOT_PRODUCTS = "compact-s"


def uses_dot_products(instructions: str | None = None) -> bool:
    """Return whether the TFLite interpreter here computes int8 networks with 8-bit dot products.

    Args:
        instructions: Instruction set as `instruction_set` names it; `None` for this processor's.

    Raises:
        InputError: If no TFLite interpreter works here.
    """
    _, module = first_that_works(TFLITE_ENGINES)
    # tflite-runtime's kernels have no dot products.
    is_current = module.__name__ != Engine.TFLITE_RUNTIME.module
    return is_current and has_dot_products(instruction_set() if instructions is None else instructions)


def choose_model(instructions: str | None = None) -> str:
    """Return the name of the shipped model that suits this machine.

    Args:
        instructions: Instruction set as `instruction_set` names it; `None` for this processor's.

    Raises:
        InputError: If no TFLite interpreter works here.
    """
    return WITH_DOT_PRODUCTS if uses_dot_products(instructions) else WITHOUT_DOT_PRODUCTS


def choice_in_words() -> str:
    """Return which model `AUTO` stands for here, and why.

    Raises:
        InputError: If no TFLite interpreter works here.
    """
    has = "there are" if uses_dot_products() else "there are no"
    return f"{choose_model()}, as {has} 8-bit dot products here ({instruction_set()})"


def is_choice(name: str | Path) -> bool:
    """Return whether a model's name is `AUTO`, and not that of a file."""
    return str(name) == AUTO and not Path(name).exists()


def find_model(name: str | Path) -> Path:
    """Return the path of a model file; where there is no such file, of the shipped model of that name, or `AUTO`'s.

    Raises:
        InputError: If the name is `AUTO`, and no TFLite interpreter works here.
    """
    path = Path(name)
    if path.exists():
        return path
    return shipped_models().get(choose_model() if is_choice(name) else str(name), path)
