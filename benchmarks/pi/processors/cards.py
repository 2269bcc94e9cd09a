"""Instruction sets that a model file was verified on, in its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fer_edge.inference.card_reader import read_card
from fer_edge.inference.card_writer import replace_card


def record_instruction_sets(path: Path, names: Sequence[str]) -> None:
    """Add instruction sets to those in the card of a .tflite or .onnx file; the model itself stays as it is.

    Raises:
        ModelError: If the file has no card, or one without a digest.
    """
    card = read_card(path)
    known = card.parity.get("instruction_sets", [])
    if set(names) <= set(known):
        return
    replace_card(path, replace(card, parity={**card.parity, "instruction_sets": list(dict.fromkeys([*known, *names]))}))
