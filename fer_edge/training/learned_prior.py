"""Prior of a network: the frequency of each expression in its targets, which its scores assume. No TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.cards.storage import read_zipped_card
from fer_edge.dataset.data import Split
from fer_edge.prior import Prior, prior_factors
from fer_edge.training.recipe import Recipe
from fer_edge.training.targets import image_weights, learning_targets


def photos_prior(split: Split, votes_weight: float) -> Prior | None:
    """Return the share of each expression in the targets of `split`; None if no target has people's votes."""
    if not votes_weight or split.votes is None or not split.votes.has_shares.any():
        return None
    return _named(learning_targets(split, votes_weight).mean(axis=0), split.classes)


def learned_prior(split: Split, recipe: Recipe) -> Prior | None:
    """Return the prior that the scores of a network trained on `split` assume.

    It is the share of each expression in the targets, weighted by class balance. Teachers move it towards the prior of
    their scores, by their share in the target; label smoothing moves it towards equal shares.

    Returns:
        The prior; None if no votes were learned, if a teacher's card has no prior, or if the teachers' scores were
        softened, which moves them towards equal shares by an unknown amount.
    """
    photos = photos_prior(split, recipe.votes_weight)
    if photos is None:
        return None
    targets = learning_targets(split, recipe.votes_weight)
    shares = (image_weights(targets, recipe.class_balance.power)[:, np.newaxis] * targets).mean(axis=0)
    if recipe.teachers:
        if recipe.distill_temperature != 1:
            return None
        priors = [_prior_of(Path(path)) for path in recipe.teachers]
        known = [prior for prior in priors if prior is not None]
        if len(known) < len(priors):
            return None
        pulls = np.mean([prior_factors(split.classes, photos, prior) for prior in known], axis=0)
        shares = shares * (1 + recipe.distill_weight * (pulls - 1))
    smoothing = recipe.label_smoothing
    return _named((1 - smoothing) * shares / shares.sum() + smoothing / len(split.classes), split.classes)


def _prior_of(path: Path) -> Prior | None:
    card = read_zipped_card(path)
    return None if card is None else card.prior


def _named(shares: npt.NDArray[np.floating], classes: tuple[str, ...]) -> Prior:
    normalized = shares.astype(np.float64) / shares.sum(dtype=np.float64)
    return dict(zip(classes, normalized.tolist(), strict=True))
