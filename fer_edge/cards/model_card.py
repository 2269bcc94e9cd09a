"""Model card: facts about a model, carried inside its file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from fer_edge.cards.facts import known_members, read_facts, require_types
from fer_edge.cards.input_spec import RAW_RANGE, InputSpec, TensorQuantization
from fer_edge.cards.responsible_use import INTENDED_USE, LIMITATIONS, OUT_OF_SCOPE_USE
from fer_edge.errors import ModelError
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import GRAY
from fer_edge.preprocess import FER2013_CROP, CropSpec
from fer_edge.prior import Prior, require_prior
from fer_edge.scores import ScoreKind

SCHEMA_VERSION = 3
"""Newest schema that this version reads; a card of what readers of schema 1 know is still written as schema 1."""
_NO_USE_STATED: dict[str, Any] = {"intended_use": "", "out_of_scope_use": "", "limitations": []}
"""Members of a card that was written before there were any."""

WEIGHTS_LICENCE = (
    "Apache-2.0, so far as the images that they were trained on allow: FER2013 (Kaggle, Challenges in Representation "
    "Learning, 2013) and its copies are for research use. No image is part of this file."
)
"""Licence of weights trained on photographs, which the card names as data set."""


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
        evaluation: Measured accuracy and other metrics, with the split and the number of images.
        parity: Deviation from the float parent.
        parent_sha256: Digest of the parent's file.
        calibration_sha256: Digest of the list of calibration images.
        model_sha256: Digest of the model's own bytes, which end where the card's container begins.
        model_bytes: Number of these bytes.
        tools: Versions of the tools that made the file.
        licence: Licence of the weights, with what they were trained on.
        intended_use: Intended use; empty in a card of an earlier version, as are the next two.
        out_of_scope_use: Uses that are excluded.
        limitations: Known weaknesses, a sentence each.
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
                    "install a newer one"
                )
            facts = {**_NO_USE_STATED, **known_members(ModelCard, facts)}
            require_types(facts)
            facts["labels"] = tuple(facts["labels"])
            facts["limitations"] = tuple(map(str, facts["limitations"]))
            facts["input"] = InputSpec(**known_members(InputSpec, facts["input"]))
            facts["scores"] = ScoreKind(facts.get("scores", ScoreKind.PROBABILITIES))
            facts["crop"] = CropSpec(**known_members(CropSpec, facts["crop"]))
            facts["quantization"] = {
                tensor: TensorQuantization(**known_members(TensorQuantization, values))
                for tensor, values in facts["quantization"].items()
            }
            return ModelCard(**facts)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ModelError(
                f"{source}: its model card is damaged or another tool's ({error}); export the model again"
            ) from error
