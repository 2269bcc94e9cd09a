"""Classifier with scores re-weighted for another prior than its file assumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import ModelError
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.prior import Prior, prior_factors, read_prior, reweigh
from fer_edge.progress import OnProgress, ignore_progress
from fer_edge.scores import FloatArray


class Reweighted:
    """Scores faces by another classifier, for another prior. Each thread needs its own.

    Attributes:
        card: The classifier's card with the new prior.
        runtime: The classifier's interpreter.
    """

    def __init__(self, classifier: ScoresFaces, assumed: Prior, wanted: Prior) -> None:
        """Re-weigh the scores of `classifier`, which assume one prior, for another."""
        self.card = replace(classifier.card, prior=wanted)
        self.runtime = classifier.runtime
        self._classifier = classifier
        self._factors = prior_factors(self.card.labels, assumed, wanted)

    def classify(self, face: npt.NDArray[np.uint8]) -> FloatArray:
        """Return scores float32 (labels,) of one face, uint8 (H, W), 0..255."""
        return reweigh(self._classifier.classify(face), self._factors)

    def classify_all(self, faces: npt.NDArray[np.uint8], on_progress: OnProgress = ignore_progress) -> FloatArray:
        """Return scores float32 (N, labels) of faces uint8 (N, H, W), 0..255."""
        return reweigh(self._classifier.classify_all(faces, on_progress), self._factors)


def for_prior(classifier: ScoresFaces, text: str, path: Path) -> ScoresFaces:
    """Return a classifier whose scores assume the prior that a user writes as `text`.

    Args:
        classifier: A loaded model.
        text: The prior, as for `fer_edge.prior.read_prior`.
        path: The model's file, for an error.

    Raises:
        InputError: If the text is no prior.
        ModelError: If the card does not say which prior the scores assume now.
    """
    assumed, wanted = assumed_and_wanted(classifier.card, text, path)
    return Reweighted(classifier, assumed, wanted)


def assumed_and_wanted(card: ModelCard, text: str, path: Path) -> tuple[Prior, Prior]:
    """Return the prior that a model's scores assume, and the one that a user writes as `text`.

    Raises:
        InputError: If the text is no prior.
        ModelError: If the card does not say both the prior of its scores and that of the photographs.
    """
    photos = card.photos_prior
    if card.prior is None or photos is None:
        raise ModelError(
            f"{path}: expected a model whose card says which prior its scores assume, got one without; use one that "
            "was trained on people's votes, or keep its scores as they are"
        )
    return card.prior, read_prior(text, photos)
