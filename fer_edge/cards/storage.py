"""Cards inside the files of models: written into them, read from them, checked against the model beside them."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import ModelError
from fer_edge.files import DAMAGED_ZIP_ERRORS

TFLITE_CARD_MEMBER = "metadata.json"
KERAS_CARD_MEMBER = "model_card.json"
"""Not metadata.json: Keras keeps its own facts under that name."""
LABELS_MEMBER = "labels.txt"
ONNX_CARD_KEY = "fer_edge_card"

_LARGEST_CARD = 1 << 20
"""Bytes of a card; those that are written have about 5,000. A zip could hold gigabytes in their place."""


def append_card(model: bytes, card: ModelCard) -> bytes:
    """Return a TFLite model with its card in a zip appended, as the TFLite metadata format holds associated files.

    Interpreters read the flatbuffer in front and never see the zip; `unzip` and Python's zipfile see only the zip.
    The card gets the digest and size of `model`.
    """
    return append_texts(model, _card_members(TFLITE_CARD_MEMBER, card.with_digest(model)))


def append_texts(model: bytes, members: Mapping[str, str]) -> bytes:
    """Return a TFLite model with a zip of text files, by name, appended."""
    buffer = io.BytesIO()
    buffer.write(model)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        _write_texts(archive, members)
    return buffer.getvalue()


def add_card_to_keras(path: Path, card: ModelCard) -> None:
    """Add a card to a .keras file, which is a zip that Keras reads by member names."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        _write_texts(archive, _card_members(KERAS_CARD_MEMBER, card))


def copy_keras_without_card(path: Path, copy: Path) -> None:
    """Copy a .keras file without its card."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w") as copied:
        for member in archive.infolist():
            if member.filename not in (KERAS_CARD_MEMBER, LABELS_MEMBER):
                copied.writestr(member, archive.read(member), member.compress_type)


def read_zipped_card(path: Path) -> ModelCard | None:
    """Return the card in a .tflite or .keras file, or `None` if it has none.

    Raises:
        ModelError: If the card is damaged, or the file's model part is not what the card says.
    """
    text = read_card_text(path, KERAS_CARD_MEMBER if path.suffix.lower() == ".keras" else TFLITE_CARD_MEMBER)
    if text is None:
        return None
    card = ModelCard.from_json(text, str(path))
    if card.model_sha256 is not None:
        require_model_part(path, card)
    return card


def read_card_text(path: Path, member: str = TFLITE_CARD_MEMBER) -> str | None:
    """Return the card's JSON from a file that holds a zip, or `None` if it has none.

    Raises:
        ModelError: If the zip is damaged.
    """
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_card_text(archive, member) if member in archive.namelist() else None
    except DAMAGED_ZIP_ERRORS as error:
        raise ModelError(f"{path}: its model card cannot be read ({error}); copy or export the file again") from error


class KnowsItsModel(Protocol):
    """A card with the digest and the size in bytes of the model it was written for."""

    @property
    def model_sha256(self) -> str | None:
        """SHA-256 of the model's bytes, hexadecimal."""

    @property
    def model_bytes(self) -> int | None:
        """Number of bytes of the model, from the file's first on."""


def require_model_part(path: Path, card: KnowsItsModel) -> None:
    """Check a file's model part against the digest in its card.

    Raises:
        ModelError: If they differ, or the file has fewer bytes than its card says.
    """
    length = card.model_bytes or 0
    # A card can name any number, and Python would set aside memory for it.
    is_whole = length <= path.stat().st_size
    with path.open("rb") as file:
        digest = hashlib.sha256(file.read(length if is_whole else 0)).hexdigest()
    if not is_whole or digest != card.model_sha256:
        raise ModelError(f"{path}: its content is not what its card was written for; copy or export the file again")


def _read_card_text(archive: zipfile.ZipFile, member: str) -> str:
    with archive.open(member) as file:
        content = file.read(_LARGEST_CARD + 1)
    if len(content) > _LARGEST_CARD:
        raise ValueError(f"expected at most {_LARGEST_CARD:,} bytes, got more")
    return content.decode()


def _card_members(card_member: str, card: ModelCard) -> dict[str, str]:
    return {card_member: card.to_json(), LABELS_MEMBER: "\n".join(card.labels) + "\n"}


def _write_texts(archive: zipfile.ZipFile, members: Mapping[str, str]) -> None:
    # Fixed times, so that the same model gives the same file.
    for member, text in members.items():
        archive.writestr(zipfile.ZipInfo(member), text, zipfile.ZIP_DEFLATED)
