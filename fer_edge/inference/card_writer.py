"""Replacement of the card in a model file; the model itself stays as it is."""

from __future__ import annotations

from pathlib import Path

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import add_card_to_keras, append_card, copy_keras_without_card
from fer_edge.errors import ModelError
from fer_edge.files import atomic_path, write_atomic
from fer_edge.inference.onnx_card import append_card_to_onnx


def replace_card(path: Path, card: ModelCard) -> None:
    """Replace the card in a .tflite, .onnx or .keras file, atomically.

    Args:
        path: File with a card.
        card: The card that was read from it, changed.

    Raises:
        ModelError: If the card of a .tflite or .onnx file does not say where the model ends.
    """
    if path.suffix.lower() == ".keras":
        with atomic_path(path) as temporary:
            copy_keras_without_card(path, temporary)
            add_card_to_keras(temporary, card)
        return
    if card.model_bytes is None:
        raise ModelError(f"{path}: its card holds no digest (written before there were any); export it again")
    model = path.read_bytes()[: card.model_bytes]
    append = append_card if path.suffix.lower() == ".tflite" else append_card_to_onnx
    write_atomic(path, append(model, card))
