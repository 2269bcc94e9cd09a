"""Reading of the card in a model file of any format."""

from __future__ import annotations

from pathlib import Path

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import read_zipped_card
from fer_edge.errors import ModelError
from fer_edge.inference.onnx_card import read_onnx_card

_OLD_KERAS = (".h5", ".hdf5")


def find_card(path: Path) -> ModelCard | None:
    """Return the card inside a .tflite, .keras or .onnx file, or `None` if it has none.

    Raises:
        ModelError: If the file is missing or damaged.
    """
    suffix = path.suffix.lower()
    if suffix not in (".tflite", ".onnx", ".keras") and path.exists():
        advice = "; save it from Keras with model.save('model.keras')" if path.is_dir() or suffix in _OLD_KERAS else ""
        raise ModelError(f"{path}: expected a .tflite, .onnx or .keras file{advice}")
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    return read_onnx_card(path) if suffix == ".onnx" else read_zipped_card(path)


def read_card(path: Path) -> ModelCard:
    """Return the card inside a .tflite, .keras or .onnx file.

    Raises:
        ModelError: If the file is missing or damaged, or has no card.
    """
    card = find_card(path)
    if card is None:
        raise ModelError(
            f"{path}: it has no model card (another tool's, or truncated); state its labels and input range, which "
            "fer-edge run, evaluate and export take, or benchmark it as a peer"
        )
    return card
