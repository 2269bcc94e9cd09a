"""Facts that a user states about a model file without a card: labels, input range, kind of scores."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import ModelError
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER
from fer_edge.names import printable
from fer_edge.picture_form import FER2013_FORM, PictureForm
from fer_edge.scores import ScoreKind

UNKNOWN = "unknown"


@dataclass(frozen=True)
class StatedFacts:
    """Facts that another tool's model file does not hold.

    Attributes:
        labels: Names of its scores, in order.
        input_range: Values of black and white that it was trained on.
        logits: True if its scores have not been through a softmax.
        names: Names of these three for errors; a command gives those of its options.
        trusted: True if the user trusts the file's maker, so that a network that is not this project's may be loaded
            from a .keras file.
    """

    labels: tuple[str, ...] | None = None
    input_range: tuple[float, float] | None = None
    logits: bool = False
    names: tuple[str, str, str] = ("labels", "input_range", "logits")
    trusted: bool = False

    def card_for(self, path: Path, found: ModelCard | None, form: PictureForm = FER2013_FORM) -> ModelCard:
        """Return the card in a file, or, for a file without one, a card of these facts.

        Args:
            path: The file.
            found: The card in it; `None` if it has none.
            form: Size and colour of its input, for a file without a card.

        Raises:
            ModelError: If these facts contradict the file's card, or something is missing in both.
        """
        if found is not None:
            self._require_agreement(path, found)
            return found
        if self.labels is None or self.input_range is None:
            raise ModelError(f"{path}: it has no model card (another tool's, or truncated): {self._what_is_missing()}")
        minimum, maximum = self.input_range
        try:
            spec = InputSpec(form.width, form.height, form.colour, minimum, maximum)
            kind = ScoreKind.LOGITS if self.logits else ScoreKind.PROBABILITIES
            return ModelCard(path.stem, UNKNOWN, labels=self.labels, input=spec, scores=kind, precision=UNKNOWN)
        except ValueError as error:
            raise ModelError(f"{path}: {error}") from error

    def _what_is_missing(self) -> str:
        names, span, _ = self.names
        usual, fer2013 = ",".join(EXPRESSIONS), ",".join(FER2013_ORDER)
        labels = f"name its scores in order, such as {names} {usual} (alphabetical) or {fer2013} (fer2013.csv's)"
        span = f"give black and white as it was trained on them: {span} 0..1, -1..1 or 0..255"
        return "; ".join([labels] * (self.labels is None) + [span] * (self.input_range is None))

    def _require_agreement(self, path: Path, card: ModelCard) -> None:
        low, high = card.input.range
        contradictions = (
            (self.labels not in (None, card.labels), ",".join(card.labels)),
            (self.input_range not in (None, card.input.range), f"{low:g}..{high:g}"),
            (self.logits and card.scores is not ScoreKind.LOGITS, card.scores.value),
        )
        for name, (contradicts, says) in zip(self.names, contradictions, strict=True):
            if contradicts:
                raise ModelError(f"{path}: its card says {says}; leave out {name}")


NOTHING_STATED = StatedFacts()


def parse_labels(text: str) -> tuple[str, ...]:
    """Parse two or more different names with commas between.

    Raises:
        ValueError: If the text is something else.
    """
    names = tuple(printable(name.strip()) for name in text.split(","))
    if len(names) < 2 or len(set(names)) != len(names) or not all(names):
        raise ValueError(f"expected two or more different names with commas between, got {text!r}")
    return names


def parse_range(text: str) -> tuple[float, float]:
    """Parse the values of black and white, such as `-1..1`.

    Raises:
        ValueError: If the text is not two numbers, the lower one first.
    """
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)", text.strip())
    if match is None or float(match[1]) >= float(match[2]):
        raise ValueError(f"expected the values of black and white such as 0..1, -1..1 or 0..255, got {text!r}")
    return float(match[1]), float(match[2])
