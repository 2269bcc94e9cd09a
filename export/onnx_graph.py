"""Precision, operators and shapes of an ONNX model, read from its graph. No TensorFlow."""

from __future__ import annotations

from collections import Counter

import onnx

from fer_edge.precision import Precision

_WEIGHTED = ("Conv", "Gemm", "MatMul")
_FUSED = ("Relu", "Clip")
_PRODUCERS = (*_WEIGHTED, *_FUSED, "Add")


def onnx_precision(content: bytes) -> Precision:
    """Return a model's precision, as its tensors are stored."""
    model = onnx.load_from_string(content)
    producers = {output: node for node in model.graph.node for output in node.output}
    quantized = [
        all(name in producers and producers[name].op_type == "DequantizeLinear" for name in node.input[:2])
        for node in model.graph.node
        if node.op_type in _WEIGHTED
    ]
    if quantized and all(quantized):
        return Precision.INT8
    return Precision.MIXED if any(quantized) else Precision.FP32


def clippable_activations(model: onnx.ModelProto) -> list[str]:
    """Return the names of a float graph's tensors whose int8 range may be clipped.

    These are the outputs of arithmetic, without the logits, the scores and those that an activation is fused into.
    """
    readers: dict[str, list[str]] = {output.name: ["the caller"] for output in model.graph.output}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node.op_type)
    outputs = (node.output[0] for node in model.graph.node if node.op_type in _PRODUCERS)
    ends = {"the caller", "Softmax"}
    return [
        name
        for name in outputs
        if not ends & set(readers[name]) and not (len(readers[name]) == 1 and readers[name][0] in _FUSED)
    ]


def onnx_shapes(content: bytes) -> tuple[list[int | None], list[int | None]]:
    """Return the declared lengths of the input's and the output's dimensions; `None` is one that is not fixed.

    Raises:
        ValueError: If the model has not one input and one output.
    """
    graph = onnx.load_from_string(content).graph
    weights = {each.name for each in graph.initializer}  # old files name them among the inputs
    inputs = [each for each in graph.input if each.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ValueError(f"expected one input and one output, got {len(inputs)} and {len(graph.output)}")
    image, scores = (
        [length.dim_value if length.HasField("dim_value") else None for length in edge.type.tensor_type.shape.dim]
        for edge in (inputs[0], graph.output[0])
    )
    return image, scores


def onnx_operators(content: bytes) -> list[str]:
    """Return the graph's operator types in order."""
    return [node.op_type for node in onnx.load_from_string(content).graph.node]


def onnx_operator_counts(content: bytes) -> dict[str, int]:
    """Return the number of each operator."""
    return dict(Counter(onnx_operators(content)))
