"""The card in an ONNX file's metadata, read and appended without an ONNX library, as a device may have none.

The field numbers are those of onnx.proto; the encoding is protobuf's: a field is a tag (number * 8 + wire type) and a
value, and a message lies in a field of wire type 2. Fields may be in any order, so a card can follow the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import ONNX_CARD_KEY, require_model_part
from fer_edge.errors import ModelError

_GRAPH, _METADATA = 7, 14
_KEY, _VALUE = 1, 2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
"""Bytes: seven bits in each, 64 in all."""
_MOST_FIELDS = 100_000
"""Fields of one message; a model has about ten and one for each entry of its metadata."""

_DIGEST_KEY = "fer_edge_card_sha256"


def append_card_to_onnx(model: bytes, card: ModelCard) -> bytes:
    """Return an ONNX model with its card, and the card's own digest, among its metadata, as its last bytes.

    The card gets the digest and size of `model`, so every byte of the file is covered by a digest.

    Args:
        model: The model without a card.
        card: The card without a digest.
    """
    return model + _card_fields(card.with_digest(model).to_json())


def read_onnx_card(path: Path) -> ModelCard | None:
    """Return the card in an ONNX file's metadata, or `None`. A card that was written without a digest is not verified.

    Raises:
        ModelError: If the file is missing or damaged, or is not what its card was written for.
    """
    metadata = read_onnx_metadata(path)
    text = metadata.get(ONNX_CARD_KEY)
    if text is None:
        return None
    card = ModelCard.from_json(text, str(path))
    if card.model_sha256 is not None or _DIGEST_KEY in metadata:
        require_model_part(path, card)
        # Fields after the model could extend its graph.
        if path.read_bytes()[card.model_bytes or 0 :] != _card_fields(text):
            raise ModelError(f"{path}: its card, or what follows it, was changed; copy or export the file again")
    return card


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """Return an ONNX file's `metadata_props`.

    Raises:
        ModelError: If it is missing or damaged.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    try:
        fields = list(_fields(memoryview(path.read_bytes())))
        if len([_message(value) for number, value in fields if number == _GRAPH]) != 1:
            raise ValueError("no graph")
        return dict(_entry(_message(value)) for number, value in fields if number == _METADATA)
    except (ValueError, IndexError) as error:
        raise ModelError(f"{path}: expected an ONNX model, got something else or a damaged one ({error})") from error


def _card_fields(text: str) -> bytes:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return b"".join(
        _field(_METADATA, _field(_KEY, key.encode()) + _field(_VALUE, value.encode()))
        for key, value in ((ONNX_CARD_KEY, text), (_DIGEST_KEY, digest))
    )


def _field(number: int, content: bytes) -> bytes:
    return _to_varint(number << 3 | _BYTES) + _to_varint(len(content)) + content


def _to_varint(value: int) -> bytes:
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _entry(pair: memoryview) -> tuple[str, str]:
    texts = {number: bytes(_message(value)).decode() for number, value in _fields(pair) if number in (_KEY, _VALUE)}
    return texts.get(_KEY, ""), texts.get(_VALUE, "")


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message belongs")
    return value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield a message's fields: the number of each, and an integer or bytes."""
    at = count = 0
    while at < len(message):
        count += 1
        if count > _MOST_FIELDS:
            raise ValueError(f"more than {_MOST_FIELDS:,} fields")
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            length, at = _varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("not protobuf")
        if at + length > len(message):
            raise ValueError("truncated")
        yield tag >> 3, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return an integer stored in groups of seven bits, the lowest first, and where it ends."""
    value = 0
    for i, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError("not protobuf")
