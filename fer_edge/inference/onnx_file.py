"""What an ONNX file says of itself, read from its bytes, so that no library need be there; and its card, appended.

The field numbers are those of onnx.proto; the encoding is protobuf's: a field is a tag (number * 8 + wire type) and a
value, and a message lies in a field of wire type 2. Fields may be in any order, so a card can follow the model.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import ModelError
from fer_edge.model_card import ONNX_CARD_KEY, ModelCard, require_model_part

_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT = 5, 11, 12
_NAME, _TYPE = 1, 2
_TENSOR_TYPE = 1
_SHAPE, _DIMENSION, _LENGTH = 2, 1, 1
_TENSOR_NAME = 8
_KEY, _VALUE = 1, 2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10
"""Bytes: seven bits in each, 64 in all."""
_MOST_FIELDS = 100_000
"""Fields of one message; a graph of a thousand nodes has 2,000."""

_DIGEST_KEY = "fer_edge_card_sha256"


@dataclass(frozen=True)
class OnnxFile:
    """An ONNX file's edges and metadata.

    Attributes:
        inputs: Shapes by name; `None` stands for a length that is not fixed.
        outputs: The same.
        metadata: Its `metadata_props`.
    """

    inputs: dict[str, tuple[int | None, ...]]
    outputs: dict[str, tuple[int | None, ...]]
    metadata: dict[str, str]


def read_onnx_file(path: Path) -> OnnxFile:
    """Read an ONNX file's description.

    Raises:
        ModelError: If it is missing or damaged.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    try:
        return _read_model(memoryview(path.read_bytes()))
    except (ValueError, IndexError) as error:
        raise ModelError(f"{path}: expected an ONNX model, got something else or a damaged one ({error})") from error


def append_card_to_onnx(model: bytes, card: ModelCard) -> bytes:
    """Return an ONNX model with its card, and the card's own digest, among its metadata, as its last bytes.

    The card's `model_sha256` and `model_bytes` are those of `model`, so every byte of the file is covered by a digest.

    Args:
        model: Without a card.
        card: Of it.
    """
    card = dataclasses.replace(card, model_sha256=hashlib.sha256(model).hexdigest(), model_bytes=len(model))
    return model + _card_fields(card.to_json())


def read_onnx_card(path: Path) -> ModelCard | None:
    """Return the card in an ONNX file's metadata, or `None`. A card that was written without a digest is not verified.

    Raises:
        ModelError: If the file is missing or damaged, or is not what its card was written for.
    """
    metadata = read_onnx_file(path).metadata
    text = metadata.get(ONNX_CARD_KEY)
    if text is None:
        return None
    card = ModelCard.from_json(text, str(path))
    if card.model_sha256 is not None or _DIGEST_KEY in metadata:
        require_model_part(path, card)
        # What follows the model could add to its graph.
        if path.read_bytes()[card.model_bytes or 0 :] != _card_fields(text):
            raise ModelError(f"{path}: its card, or what follows it, was changed; copy or export the file again")
    return card


def _card_fields(text: str) -> bytes:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return b"".join(
        _field(_MODEL_METADATA, _field(_KEY, key.encode()) + _field(_VALUE, value.encode()))
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


def _read_model(content: memoryview) -> OnnxFile:
    model = list(_fields(content))
    graphs = [value for number, value in model if number == _MODEL_GRAPH]
    if len(graphs) != 1:
        raise ValueError("no graph")
    graph = list(_fields(_message(graphs[0])))
    # Old files name their weights among the inputs.
    weights = {_text(_message(value), _TENSOR_NAME) for number, value in graph if number == _GRAPH_INITIALIZER}
    inputs = dict(_edge(_message(value)) for number, value in graph if number == _GRAPH_INPUT)
    return OnnxFile(
        {name: shape for name, shape in inputs.items() if name not in weights},
        dict(_edge(_message(value)) for number, value in graph if number == _GRAPH_OUTPUT),
        dict(_entry(_message(value)) for number, value in model if number == _MODEL_METADATA),
    )


def _edge(value_info: memoryview) -> tuple[str, tuple[int | None, ...]]:
    tensor = _within(_within(value_info, _TYPE), _TENSOR_TYPE)
    dimensions = [_message(value) for number, value in _fields(_within(tensor, _SHAPE)) if number == _DIMENSION]
    return _text(value_info, _NAME), tuple(_length(each) for each in dimensions)


def _length(dimension: memoryview) -> int | None:
    return next((value for number, value in _fields(dimension) if number == _LENGTH and isinstance(value, int)), None)


def _entry(pair: memoryview) -> tuple[str, str]:
    return _text(pair, _KEY), _text(pair, _VALUE)


def _within(message: memoryview, wanted: int) -> memoryview:
    return next((_message(value) for number, value in _fields(message) if number == wanted), memoryview(b""))


def _text(message: memoryview, wanted: int) -> str:
    return bytes(_within(message, wanted)).decode()


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message belongs")
    return value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """A message's fields: their numbers, and integers or bytes."""
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
    """An integer in groups of seven bits, the lowest first, and where it ends."""
    value = 0
    for i, byte in enumerate(message[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError("not protobuf")
