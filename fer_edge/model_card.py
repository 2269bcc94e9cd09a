"""Model card: facts about a model, carried inside its file."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.card_facts import read_facts, require_types
from fer_edge.errors import ModelError
from fer_edge.files import DAMAGED_ZIP_ERRORS
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import GRAY, RGB, PictureForm
from fer_edge.preprocess import FER2013_CROP, CropSpec
from fer_edge.prior import Prior, require_prior
from fer_edge.responsible_use import INTENDED_USE, LIMITATIONS, OUT_OF_SCOPE_USE

SCHEMA_VERSION = 3
"""Newest schema that this version reads; a card of what readers of schema 1 know is still written as schema 1."""
RAW_RANGE = (0.0, 255.0)
"""Values of black and white of a model that takes pixels as they are."""
TFLITE_CARD_MEMBER = "metadata.json"
KERAS_CARD_MEMBER = "model_card.json"
"""Not metadata.json: Keras keeps its own facts under that name."""
LABELS_MEMBER = "labels.txt"
ONNX_CARD_KEY = "fer_edge_card"

_NO_USE_STATED: dict[str, Any] = {"intended_use": "", "out_of_scope_use": "", "limitations": []}
"""Members of a card that was written before there were any."""

_LARGEST_CARD = 1 << 20
"""Bytes of a card; those that are written have about 5,000. A zip could hold gigabytes in their place."""
_LARGEST_SIDE = 4096
"""Pixels of a model's input."""

WEIGHTS_LICENCE = (
    "Apache-2.0, so far as the images that they were trained on allow: FER2013 (Kaggle, Challenges in Representation "
    "Learning, 2013) and its copies are for research use. No image is part of this file."
)
"""Licence of weights trained on photographs, which the card names as data set."""


class ScoreKind(str, Enum):
    """Meaning of a model's scores: probabilities, or logits that need a softmax."""

    PROBABILITIES = "probabilities"
    LOGITS = "logits"


@dataclass(frozen=True)
class InputSpec:
    """Input of a model.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        colour: `gray`, or `rgb` for red, green and blue in this order.
        minimum: Value of black.
        maximum: Value of white.
        resize: Interpolation of crops: `area` is by area when shrinking, bilinear when growing.
    """

    width: int = 48
    height: int = 48
    colour: str = GRAY
    minimum: float = 0.0
    maximum: float = 255.0
    resize: str = "area"

    def __post_init__(self) -> None:
        if self.colour not in (GRAY, RGB) or self.resize != "area":
            raise ValueError(f"expected a gray or RGB input, resized by area, got {self.colour}, {self.resize}")
        if any(type(side) is not int or not 1 <= side <= _LARGEST_SIDE for side in self.size_wh):
            raise ValueError(f"expected an input of 1 to {_LARGEST_SIDE} pixels a side, got {self.width}x{self.height}")
        if not (math.isfinite(self.minimum) and math.isfinite(self.maximum) and self.minimum < self.maximum):
            raise ValueError(f"expected a value of black below that of white, got {self.minimum} and {self.maximum}")

    @property
    def size_wh(self) -> tuple[int, int]:
        """Return width and height in pixels."""
        return self.width, self.height

    @property
    def form(self) -> PictureForm:
        """Return size and colour."""
        return PictureForm(self.width, self.height, self.colour)

    @property
    def range(self) -> tuple[float, float]:
        """Return the values of black and white."""
        return self.minimum, self.maximum

    def scale(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Map pixels of any shape from 0..255 to `range`, float32; with that range, return `pixels` itself."""
        if self.range == RAW_RANGE:
            return pixels
        return np.asarray(pixels * np.float32((self.maximum - self.minimum) / 255) + np.float32(self.minimum))


@dataclass(frozen=True)
class TensorQuantization:
    """Quantization of an input or output tensor: real = scale * (stored - zero_point)."""

    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class ModelCard:
    """Facts about a model.

    Attributes:
        name: Name of the model.
        architecture: Name of the network.
        labels: Classes in the order of the scores.
        input: Input of the model.
        crop: Position of the face crop.
        scores: Meaning of the output.
        prior: Share of each expression that the scores assume in the faces shown; `None` if unknown.
        precision: Precision as read from the tensors.
        quantization: Quantization of the tensors `input` and `output`, where they are integers.
        training: Training data and recipe.
        evaluation: Measured accuracy and so on, with the split and the number of images.
        parity: Deviation from the float parent.
        parent_sha256: Digest of the parent's file.
        calibration_sha256: Digest of the list of calibration images.
        model_sha256: Digest of the model's own bytes, which end where the card's container begins.
        model_bytes: Number of these bytes.
        tools: Versions of the tools that made the file.
        licence: Licence of the weights, with what they were trained on.
        intended_use: What it is for; empty in a card of an earlier version, as are the next two.
        out_of_scope_use: What it must not be used for.
        limitations: What it is bad at, a sentence each.
    """

    name: str
    architecture: str
    labels: tuple[str, ...] = EXPRESSIONS
    input: InputSpec = field(default_factory=InputSpec)
    crop: CropSpec = FER2013_CROP
    scores: ScoreKind = ScoreKind.PROBABILITIES
    prior: Prior | None = None
    precision: str = "fp32"
    quantization: dict[str, TensorQuantization] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    parity: dict[str, Any] = field(default_factory=dict)
    parent_sha256: str | None = None
    calibration_sha256: str | None = None
    model_sha256: str | None = None
    model_bytes: int | None = None
    tools: dict[str, str] = field(default_factory=dict)
    licence: str = "not stated"
    intended_use: str = INTENDED_USE
    out_of_scope_use: str = OUT_OF_SCOPE_USE
    limitations: tuple[str, ...] = LIMITATIONS

    def __post_init__(self) -> None:
        if len(self.labels) < 2 or len(set(self.labels)) != len(self.labels):
            raise ValueError(f"expected two or more different labels, got {self.labels}")
        for prior in (self.prior, self.photos_prior):
            if prior is not None:
                require_prior(prior, self.labels)

    @property
    def photos_prior(self) -> Prior | None:
        """Return the share of each expression in the votes that the model learned; `None` if it learned no votes."""
        votes = self.training.get("votes")
        prior: Prior | None = votes.get("prior") if isinstance(votes, dict) else None
        return prior

    @property
    def takes_raw_pixels(self) -> bool:
        """Return true if the model maps pixels 0..255 to probabilities, with nothing to do before or after it."""
        return self.input.range == RAW_RANGE and self.scores is ScoreKind.PROBABILITIES

    @property
    def is_verified(self) -> bool:
        """Return true if the card holds a digest of its model, which is checked whenever the card is read."""
        return self.model_sha256 is not None

    @property
    def schema_version(self) -> int:
        """Return the schema that a reader must know.

        Readers of schema 1 take every model for one of raw pixels, those of schema 2 for one of gray faces.
        """
        if self.input.colour != GRAY:
            return SCHEMA_VERSION
        return 1 if self.takes_raw_pixels else 2

    def with_digest(self, model: bytes) -> ModelCard:
        """Return the card with the digest and size of its model's own bytes."""
        return dataclasses.replace(self, model_sha256=hashlib.sha256(model).hexdigest(), model_bytes=len(model))

    def to_json(self) -> str:
        """Return the card as indented JSON."""
        facts = {**dataclasses.asdict(self), "schema_version": self.schema_version}
        return json.dumps(facts, indent=2, ensure_ascii=False)

    @staticmethod
    def from_json(text: str, source: str) -> ModelCard:
        """Read a card; members that this version does not know are ignored.

        Args:
            text: JSON.
            source: Name of its file, for errors.

        Raises:
            ModelError: If the text is no card, or of a later schema.
        """
        try:
            facts = read_facts(text)
            if "kind" in facts:
                raise ModelError(f"{source}: expected a classifier of expressions, got a {facts['kind']}")
            if facts["schema_version"] > SCHEMA_VERSION:
                raise ModelError(
                    f"{source}: its card has schema {facts['schema_version']}, this fer-edge reads {SCHEMA_VERSION}; "
                    "update it: pip install -U fer-edge"
                )
            facts = {**_NO_USE_STATED, **_known(ModelCard, facts)}
            require_types(facts)
            facts["labels"] = tuple(facts["labels"])
            facts["limitations"] = tuple(map(str, facts["limitations"]))
            facts["input"] = InputSpec(**_known(InputSpec, facts["input"]))
            facts["scores"] = ScoreKind(facts.get("scores", ScoreKind.PROBABILITIES))
            facts["crop"] = CropSpec(**_known(CropSpec, facts["crop"]))
            facts["quantization"] = {
                tensor: TensorQuantization(**_known(TensorQuantization, values))
                for tensor, values in facts["quantization"].items()
            }
            return ModelCard(**facts)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ModelError(
                f"{source}: its model card is damaged or another tool's ({error}); export the model again"
            ) from error


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
    """Copy a .keras file, but its card."""
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


def _known(kind: type, facts: dict[str, Any]) -> dict[str, Any]:
    names = {one.name for one in dataclasses.fields(kind)}
    return {name: value for name, value in facts.items() if name in names}
