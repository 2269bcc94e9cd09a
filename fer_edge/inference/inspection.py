"""Operators, precision and edges of a TFLite file, read from its graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.inference.tflite import graph_faults_named, operators_of, tflite_graph
from fer_edge.precision import Precision

_WEIGHTED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
_EDGES = {"QUANTIZE", "DEQUANTIZE"}


@dataclass(frozen=True)
class Graph:
    """A TFLite file's operators and tensors.

    Attributes:
        operators: Builtin operator names in order of execution.
        precision: Precision of the weights and activations of its convolutions and dense layers.
        input_dtype: Type of the input tensor.
        output_dtype: Type of the output tensor.
        signatures: Names of its signatures.
    """

    operators: tuple[str, ...]
    precision: Precision
    input_dtype: str
    output_dtype: str
    signatures: tuple[str, ...]

    def operator_counts(self) -> dict[str, int]:
        """Return the number of each operator."""
        return dict(Counter(self.operators))


def inspect_tflite(path: Path) -> Graph:
    """Read a TFLite file's graph.

    Raises:
        ModelError: If it cannot be loaded.
    """
    interpreter = tflite_graph(path)
    with graph_faults_named(path):
        return _read_graph(interpreter)


def _read_graph(interpreter: Any) -> Graph:
    tensors = {tensor["index"]: np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}
    operators = operators_of(interpreter)
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    return Graph(
        operators=tuple(operator["op_name"] for operator in operators),
        precision=_precision(operators, tensors),
        input_dtype=np.dtype(inputs[0]["dtype"]).name,
        output_dtype=np.dtype(outputs[0]["dtype"]).name,
        signatures=tuple(interpreter.get_signature_list()),
    )


def _precision(operators: list[dict[str, Any]], tensors: dict[int, str]) -> Precision:
    half = {
        int(operator["outputs"][0])
        for operator in operators
        if operator["op_name"] == "DEQUANTIZE" and tensors[int(operator["inputs"][0])] == "float16"
    }

    def stored(index: int) -> str:
        return "float16" if index in half else tensors[index]

    pairs = {
        (stored(int(operator["inputs"][0])), stored(int(operator["inputs"][1])))
        for operator in operators
        if operator["op_name"] in _WEIGHTED
    }
    precision = _NAMES.get(frozenset(pairs), Precision.MIXED)
    if precision is Precision.INT8 and not _integer_between_edges(operators, tensors):
        return Precision.MIXED
    return precision


_NAMES = {
    frozenset({("float32", "float32")}): Precision.FP32,
    frozenset({("float32", "float16")}): Precision.FP16,
    frozenset({("float32", "int8")}): Precision.DYNAMIC,
    # A small kernel that the converter does not find worth quantizing stays in float.
    frozenset({("float32", "int8"), ("float32", "float32")}): Precision.DYNAMIC,
    frozenset({("int8", "int8")}): Precision.INT8,
    frozenset({("int16", "int8")}): Precision.INT16X8,
}
"""Precision by the stored types of (activation, weights) over all weighted operators."""


def _integer_between_edges(operators: list[dict[str, Any]], tensors: dict[int, str]) -> bool:
    """Return true if only the quantizing operators at the edges read or write floats."""
    inner = [operator for operator in operators if operator["op_name"] not in _EDGES]
    indices = {int(i) for operator in inner for i in (*operator["inputs"], *operator["outputs"]) if i >= 0}
    return not any(tensors[i].startswith("float") for i in indices)
