"""Delegation of a graph: to the interpreter's own kernels, a delegate, or both in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DELEGATE = "DELEGATE"
XNNPACK = "XNNPACK"
"""Name of the only delegate that a TFLite interpreter takes by itself; its list of operators lacks the name."""


@dataclass(frozen=True)
class Delegation:
    """Runner of a graph: the interpreter, a delegate, or both.

    Attributes:
        delegate: Name of the delegate, such as `XNNPACK`; `None` if the interpreter's own kernels run it all.
        parts: Number of parts that the delegate and the interpreter run in turn; `None` if unknown.
    """

    delegate: str | None
    parts: int | None


OWN_KERNELS = Delegation(None, 1)
UNKNOWN_DELEGATION = Delegation(None, None)


def read_delegation(operators: Sequence[dict[str, Any]]) -> Delegation:
    """Return what runs a TFLite graph.

    A delegate is one more operator in the list, with the input and output tensors of its piece; the operators that it
    replaced stay in the list.

    Args:
        operators: The graph's operators, as `operators_of` returns them.
    """
    pieces = [_Step(each) for each in operators if each["op_name"] == _DELEGATE]
    own = [_Step(each) for each in operators if each["op_name"] != _DELEGATE]
    for piece in pieces:
        taken = _taken_over(piece, own)
        own = [step for step in own if step not in taken]
    return Delegation(XNNPACK, _count_parts(pieces, own)) if pieces else OWN_KERNELS


class _Step:
    """Tensors of an operator; two operators are never equal."""

    def __init__(self, operator: dict[str, Any]) -> None:
        self.inputs = {int(index) for index in operator["inputs"] if index >= 0}
        self.outputs = {int(index) for index in operator["outputs"] if index >= 0}


def _taken_over(piece: _Step, operators: Sequence[_Step]) -> set[_Step]:
    """Return the operators between a piece's outputs and its inputs."""
    taken: set[_Step] = set()
    wanted = set(piece.outputs)
    while wanted:
        index = wanted.pop()
        for step in operators:
            if index in step.outputs and step not in taken:
                taken.add(step)
                wanted |= step.inputs - piece.inputs
    return taken


def _count_parts(pieces: list[_Step], own: list[_Step]) -> int:
    """Return the number of parts: run what can be run, the interpreter's operators as long as there are any."""
    parts, pieces, own = 0, list(pieces), list(own)
    while pieces or own:
        missing = {index for step in (*pieces, *own) for index in step.outputs}
        began = len(own)
        while ready := [step for step in own if not step.inputs & missing]:
            own = [step for step in own if step not in ready]
            missing -= {index for step in ready for index in step.outputs}
        parts += len(own) < began
        piece = next((step for step in pieces if not step.inputs & missing), None)
        if piece is not None:
            pieces.remove(piece)
            parts += 1
        elif len(own) == began:
            raise ValueError("expected a graph without a circle")
    return parts
