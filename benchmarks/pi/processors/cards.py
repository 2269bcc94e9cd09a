"""Instruction sets that a model file was verified on, in its card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import onnx

from fer_edge.files import write_atomic
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.onnx_card import append_card_to_onnx
from fer_edge.model_card import ModelCard, append_card


def record_instruction_sets(path: Path, names: Sequence[str]) -> None:
    """Add instruction sets to those in the card of a .tflite or .onnx file; the model itself stays as it is.

    Raises:
        ModelError: If the file has no card.
    """
    card = read_card(path)
    known = card.parity.get("instruction_sets", [])
    if set(names) <= set(known):
        return
    card = replace(card, parity={**card.parity, "instruction_sets": list(dict.fromkeys([*known, *names]))})
    write_atomic(path, _with_card(path, card))


def _with_card(path: Path, card: ModelCard) -> bytes:
    content = path.read_bytes()
    if path.suffix.lower() == ".tflite":
        return append_card(content[: card.model_bytes], card)
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    return append_card_to_onnx(bytes(model.SerializeToString()), card)
