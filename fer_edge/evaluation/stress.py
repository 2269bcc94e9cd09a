"""Accuracy of a model on faces that were made harder to read, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fer_edge.evaluation.groups import Rate

NOTICEABLE = 0.1
"""Loss of accuracy that is called a weakness, 0..1."""

_WEAK = "Weak when "


@dataclass(frozen=True)
class StressStep:
    """Results at one strength of a change.

    Attributes:
        name: Strength in words, such as `x0.25`.
        accuracy: Rate of right predictions.
        mean_recall: Mean of the classes' recalls, 0..1.
    """

    name: str
    accuracy: Rate
    mean_recall: float


@dataclass(frozen=True)
class StressAxis:
    """Results under one kind of change.

    Attributes:
        name: Name, such as `darker`.
        meaning: Meaning of its steps.
        steps: Results, the mildest first.
    """

    name: str
    meaning: str
    steps: tuple[StressStep, ...]


@dataclass(frozen=True)
class StressResult:
    """One model's results under every kind of change.

    Attributes:
        truth: Answers that predictions are judged by, in words.
        unchanged: Results on the faces as they are.
        axes: Results by kind of change.
    """

    truth: str
    unchanged: StressStep
    axes: tuple[StressAxis, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the results for JSON."""
        return asdict(self)

    def for_card(self) -> dict[str, Any]:
        """Return the accuracies for a model's card, in which space is short."""
        return {
            "truth": self.truth,
            "images": self.unchanged.accuracy.images,
            "accuracy": _rounded(self.unchanged),
            "axes": {axis.name: {step.name: _rounded(step) for step in axis.steps} for axis in self.axes},
        }


def weaknesses(card_facts: dict[str, Any]) -> dict[str, tuple[str, float]]:
    """Return the first step of each kind of change that costs `NOTICEABLE` accuracy, and the accuracy there, 0..1.

    Args:
        card_facts: Results as `StressResult.for_card` gives them.
    """
    found = {}
    for name, steps in card_facts["axes"].items():
        lost = [step for step, accuracy in steps.items() if card_facts["accuracy"] - accuracy >= NOTICEABLE]
        if lost:
            found[name] = (lost[0], float(steps[lost[0]]))
    return found


def describe_weaknesses(card_facts: dict[str, Any]) -> list[str]:
    """Return a sentence for each of `weaknesses`."""
    before = card_facts["accuracy"]
    return [
        f"{_WEAK}{name} ({step}): right on {accuracy:.0%} of faces, of {before:.0%} unchanged."
        for name, (step, accuracy) in weaknesses(card_facts).items()
    ]


def with_weaknesses(limitations: Sequence[str], card_facts: dict[str, Any]) -> tuple[str, ...]:
    """Return a card's limitations with those of `describe_weaknesses` in place of earlier ones."""
    return (*(each for each in limitations if not each.startswith(_WEAK)), *describe_weaknesses(card_facts))


def _rounded(step: StressStep) -> float:
    return round(step.accuracy.share or 0.0, 4)
