"""What runs a graph: the interpreter's own kernels, a delegate, or both in turn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Delegation:
    """Who runs a graph.

    Attributes:
        delegate: Such as "XNNPACK"; `None` if the interpreter's own kernels run it all.
        parts: How many pieces the delegate and the interpreter run one after another; `None` where nobody knows.
    """

    delegate: str | None
    parts: int | None


OWN_KERNELS = Delegation(None, None)
"""Of an interpreter that does not tell."""
