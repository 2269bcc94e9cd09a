"""Other projects' model files, with what a user states about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.cards.stated_facts import NOTHING_STATED, StatedFacts
from fer_edge.errors import InputError

Value = TypeVar("Value")


def state_peers(
    files: Sequence[Path],
    labels: Sequence[tuple[str, ...]],
    ranges: Sequence[tuple[float, float]],
    *,
    logits: bool = False,
    fact_names: tuple[str, str, str] = NOTHING_STATED.names,
) -> list[PeerFile]:
    """Join each file with what is stated about it; a fact that is stated once holds for all.

    Args:
        files: .tflite or .onnx files.
        labels: Names of the scores in order: none, one for all files, or one for each.
        ranges: Values of black and white: none, one for all files, or one for each.
        logits: Whether their scores have not been through a softmax.
        fact_names: Names of the three facts for errors, as `StatedFacts.names`.

    Raises:
        InputError: If the numbers of facts do not fit.
    """
    names, spans = _spread("labels", labels, files), _spread("input ranges", ranges, files)
    stated = [StatedFacts(each, span, logits, fact_names) for each, span in zip(names, spans, strict=True)]
    return [PeerFile(path, facts) for path, facts in zip(files, stated, strict=True)]


def _spread(what: str, values: Sequence[Value], files: Sequence[Path]) -> Sequence[Value | None]:
    if (len(values) > 1 and len(values) != len(files)) or (values and not files):
        raise InputError(f"expected the peers' {what} once, or once for each of {len(files)} peers, got {len(values)}")
    return values if len(values) == len(files) else [*values, None][:1] * len(files)
