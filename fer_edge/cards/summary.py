"""Summary of a model card in ten lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.cards.meaning import named_prior, score_meaning
from fer_edge.cards.model_card import ModelCard
from fer_edge.names import some

_LABELS_SHOWN = 12


def summarize(card: ModelCard, size_bytes: int) -> dict[str, str]:
    """Return the facts that decide whether a model fits, by name; those that the card lacks are left out.

    Args:
        card: The model's card.
        size_bytes: Size of the model's file.
    """
    facts = {
        "model": f"{card.name}, {card.precision}, {size_bytes:,} bytes",
        "labels": some(card.labels, shown=_LABELS_SHOWN),
        "input": f"{card.input.width}x{card.input.height} {card.input.colour}, "
        f"{card.input.minimum:g}..{card.input.maximum:g}",
        "scores": score_meaning(card),
        "prior": named_prior(card) or "",
        "trained on": _trained_on(card.training),
        "accuracy": _accuracy(card.evaluation),
        "parity": _parity(card.parity),
        "licence": card.licence.split(": ", 1)[0],
    }
    return {name: text for name, text in facts.items() if text}


def member(facts: object, *names: str) -> Any:
    """Return a nested member of a card's facts; `None` where it or one around it is missing."""
    for name in names:
        facts = facts.get(name) if isinstance(facts, Mapping) else None
    return facts


def number(facts: object, *names: str) -> float | None:
    """Return a nested number; `None` where it is missing, or anything else."""
    value = member(facts, *names)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _trained_on(training: Mapping[str, Any]) -> str:
    data, images = member(training, "data"), number(training, "images", "train")
    if not data:
        return ""
    weight = number(training, "votes", "weight") or 0.0
    target = {0.0: "", 1.0: ", people's votes"}.get(weight, f", {weight:.0%} people's votes")
    return f"{data}{'' if images is None else f', {images:,.0f} images'}{target}"


def _accuracy(evaluation: Mapping[str, Any]) -> str:
    """Return the shares of people's answers and of the data set's labels that the model gives, and of how many."""
    by_people = _share_of(member(evaluation, "people"), "people's answer", "images with a majority")
    by_label = _share_of(evaluation, "label", f"{member(evaluation, 'split') or ''} images".strip())
    return ", ".join(filter(None, (by_people, by_label)))


def _share_of(results: object, truth: str, images: str) -> str:
    accuracy, samples = number(results, "accuracy"), number(results, "samples")
    if accuracy is None:
        return ""
    return f"{accuracy:.1%} {truth}" + ("" if samples is None else f" ({samples:,.0f} {images})")


def _parity(parity: Mapping[str, Any]) -> str:
    agreement = number(parity, "agreement")
    return "" if agreement is None else f"{agreement:.1%} of the images get the label of the float model"
