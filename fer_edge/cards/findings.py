"""Results by groups and on changed faces in a model's card, with the limitations that follow from them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.responsible_use import INTENDED_USE, LIMITATIONS, OUT_OF_SCOPE_USE
from fer_edge.evaluation.stress import with_weaknesses


def add_findings(
    card: ModelCard, data: str, *, groups: dict[str, Any] | None = None, stress: dict[str, Any] | None = None
) -> ModelCard:
    """Return a card with results in place of earlier ones; one of an earlier version gets its use stated as well.

    Args:
        card: The model's card.
        data: Faces that were measured on, in words.
        groups: Results as `GroupComparison.for_card` gives them; `None` keeps earlier ones.
        stress: Results as `StressResult.for_card` gives them; `None` keeps earlier ones.
    """
    found = {"groups": groups, "stress": stress}
    new = {name: {"data": data, **facts} for name, facts in found.items() if facts is not None}
    limitations = card.limitations or LIMITATIONS
    return replace(
        card,
        evaluation={**card.evaluation, **new},
        intended_use=card.intended_use or INTENDED_USE,
        out_of_scope_use=card.out_of_scope_use or OUT_OF_SCOPE_USE,
        limitations=limitations if stress is None else with_weaknesses(limitations, stress),
    )
