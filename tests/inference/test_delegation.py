"""Delegation read from lists of operators as interpreters return them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fer_edge.inference.delegation import OWN_KERNELS, Delegation, read_delegation
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.precision import EXPORTABLE, Precision


def operators(*rows: tuple[str, list[int], list[int]]) -> list[dict[str, Any]]:
    return [{"op_name": name, "inputs": inputs, "outputs": outputs} for name, inputs, outputs in rows]


CHAIN = [("CONV_2D", [0, 10], [1]), ("ELU", [1, -1], [2]), ("CONV_2D", [2, 11], [3]), ("SOFTMAX", [3], [4])]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], OWN_KERNELS),
        ([([0, 10, 11], [4])], Delegation("XNNPACK", 1)),
        ([([0, 10], [3])], Delegation("XNNPACK", 2)),
        ([([0, 10], [1])], Delegation("XNNPACK", 2)),
        ([([2, 11], [3])], Delegation("XNNPACK", 3)),
        ([([0, 10], [1]), ([2, 11], [3])], Delegation("XNNPACK", 4)),
        # Two pieces one right after the other.
        ([([0, 10], [2]), ([2, 11], [4])], Delegation("XNNPACK", 2)),
    ],
)
def test_parts_of_a_chain_are_counted(pieces: list[tuple[list[int], list[int]]], expected: Delegation) -> None:
    listed = operators(*CHAIN, *(("DELEGATE", inputs, outputs) for inputs, outputs in pieces))
    assert read_delegation(listed) == expected


def test_branch_before_the_delegate_belongs_to_the_first_part() -> None:
    listed = operators(
        ("ELU", [0], [1]), ("CONV_2D", [1], [2]), ("ELU", [0], [3]), ("ADD", [2, 3], [4]), ("DELEGATE", [1, 3], [4])
    )
    # The delegate took CONV_2D and ADD.
    assert read_delegation(listed) == Delegation("XNNPACK", 2)


@pytest.mark.parametrize("precision", EXPORTABLE)
def test_delegation_of_exported_files(exported_paths: dict[str, Path], precision: Precision) -> None:
    delegation = open_interpreter(exported_paths[f"tflite {precision.value}"]).delegation
    # XNNPACK has no kernels for int16 activations, and leaves int8's softmax to the interpreter.
    parts = {Precision.INT16X8: OWN_KERNELS, Precision.INT8: Delegation("XNNPACK", 2)}
    assert delegation == parts.get(precision, Delegation("XNNPACK", 1))


def test_onnxruntime_has_no_delegate(exported_paths: dict[str, Path]) -> None:
    assert open_interpreter(exported_paths["onnx int8"]).delegation == OWN_KERNELS
