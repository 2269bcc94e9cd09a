"""The card of a face detector's file: what it holds, how its outputs are stored, and how it was verified."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.cards.facts import known_members, read_facts
from fer_edge.cards.storage import TFLITE_CARD_MEMBER, append_texts, read_card_text, require_model_part
from fer_edge.errors import ModelError

KIND = "face detector"
SCHEMA_VERSION = 1
OUTPUTS = 16
"""Numbers for each anchor: logits of class and objectness, box (4), landmarks (10)."""


@dataclass(frozen=True)
class DetectorCard:
    """Facts about a face detector's file, carried inside it.

    Attributes:
        name: Name of the detector.
        architecture: The network's name.
        output_scale: Factor of each of an anchor's numbers in the output tensor.
        output_offset: Value added to each after scaling.
        precision: Precision as read from its tensors.
        parity: Deviation from the float network on the frames of its verification.
        parent_sha256: SHA-256 of the file whose weights it has.
        calibration_sha256: SHA-256 of the frames that its quantization was calibrated on; `None` for float files.
        model_sha256: SHA-256 of the model's own bytes, which end where the card begins.
        model_bytes: Number of those bytes.
        tools: Versions of the tools that made the file.
        licence: Licence of the weights.
    """

    name: str
    architecture: str
    output_scale: tuple[float, ...] = (1.0,) * OUTPUTS
    output_offset: tuple[float, ...] = (0.0,) * OUTPUTS
    precision: str = "fp32"
    parity: dict[str, Any] = field(default_factory=dict)
    parent_sha256: str | None = None
    calibration_sha256: str | None = None
    model_sha256: str | None = None
    model_bytes: int | None = None
    tools: dict[str, str] = field(default_factory=dict)
    licence: str = "not stated"

    def __post_init__(self) -> None:
        sizes = len(self.output_scale), len(self.output_offset)
        if sizes != (OUTPUTS, OUTPUTS):
            raise ValueError(f"expected {OUTPUTS} output scales and offsets, got {sizes[0]} and {sizes[1]}")

    def to_json(self) -> str:
        """Return the card as indented JSON."""
        facts = {"kind": KIND, "schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}
        return json.dumps(facts, indent=2, ensure_ascii=False)


def append_detector_card(model: bytes, card: DetectorCard) -> bytes:
    """Return a TFLite model with its card in a zip appended; the card gets the model's digest and size."""
    card = dataclasses.replace(card, model_sha256=hashlib.sha256(model).hexdigest(), model_bytes=len(model))
    return append_texts(model, {TFLITE_CARD_MEMBER: card.to_json()})


def read_detector_card(path: Path) -> DetectorCard:
    """Return the card inside a detector's .tflite file.

    Raises:
        ModelError: If the file is missing, has no such card, or is not what the card was written for.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    text = read_card_text(path)
    if text is None:
        raise ModelError(f"{path}: expected a face detector with its card, found no card; install fer-edge again")
    try:
        facts = read_facts(text)
        if (facts["kind"], facts["schema_version"]) != (KIND, SCHEMA_VERSION):
            raise ValueError(f"expected a {KIND} of schema {SCHEMA_VERSION}")
        card = DetectorCard(**known_members(DetectorCard, facts))
        card = dataclasses.replace(
            card, output_scale=_floats(card.output_scale), output_offset=_floats(card.output_offset)
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: its card is damaged or another tool's ({error}); install fer-edge again") from error
    require_model_part(path, card)
    return card


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
