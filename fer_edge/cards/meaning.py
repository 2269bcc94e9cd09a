"""Meaning of a model's scores, in words."""

from __future__ import annotations

from fer_edge.cards.model_card import ModelCard
from fer_edge.prior import name_prior

SHARE_OF_PEOPLE = "A score estimates the share of people who would name that expression for such a face."
NETWORKS_PROBABILITY = "A score is the network's probability for that expression."


def score_meaning(card: ModelCard) -> str:
    """Return a sentence that says what a model's score means, which depends on what it learned.

    Only scores of a network that learned nothing but people's votes are shares of people.
    """
    votes = card.training.get("votes")
    weight = votes.get("weight") if isinstance(votes, dict) else None
    return SHARE_OF_PEOPLE if weight == 1 else NETWORKS_PROBABILITY


def named_prior(card: ModelCard) -> str | None:
    """Return the prior that a model's scores assume, by its name; None if its card does not say it."""
    photos = card.photos_prior
    return None if card.prior is None or photos is None else name_prior(card.prior, photos)
