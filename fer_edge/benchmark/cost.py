"""Parameters and multiply-accumulates of a TFLite file, counted from its graph."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from fer_edge.inference.tflite import graph_faults_named, operators_of, tflite_graph

_WEIGHTED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}


@dataclass(frozen=True)
class Cost:
    """Arithmetic of one image.

    Attributes:
        parameters: Number of weights and biases of convolutions and dense layers; a shared tensor counts once.
        macs: Multiply-accumulates of the same layers.
    """

    parameters: int
    macs: int


def count_cost(path: Path) -> Cost:
    """Count a TFLite file's parameters and multiply-accumulates.

    Each output value takes one multiply-accumulate for each weight of its channel's kernel. A convolution's kernel is
    (out, H, W, in), a depthwise one's (1, H, W, out), a dense layer's (out, in): its size over the output's channels
    is the kernel of one channel in all three.

    Raises:
        ModelError: If the file cannot be loaded.
    """
    interpreter = tflite_graph(path)
    with graph_faults_named(path):
        return _count(interpreter)


def _count(interpreter: Any) -> Cost:
    shapes = {tensor["index"]: [int(n) for n in tensor["shape"]] for tensor in interpreter.get_tensor_details()}
    macs = 0
    weights: set[int] = set()
    for operator in operators_of(interpreter):
        if operator["op_name"] not in _WEIGHTED:
            continue
        _, kernel, *bias = (int(index) for index in operator["inputs"])
        output = shapes[int(operator["outputs"][0])]
        macs += prod(output) * prod(shapes[kernel]) // output[-1]
        weights |= {kernel, *(index for index in bias if index >= 0)}
    return Cost(sum(prod(shapes[index]) for index in weights), macs)
