from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.cards.storage import append_card
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError, ModelError
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.reweighting import for_prior
from fer_edge.labels import EXPRESSIONS
from fer_edge.prior import prior_factors, read_prior, reweigh

PHOTOS = dict(zip(EXPRESSIONS, (0.09, 0.02, 0.04, 0.26, 0.33, 0.14, 0.12), strict=True))
HALF = read_prior("photos^0.5", PHOTOS)


def with_card(model: Path, path: Path, **facts: Any) -> Classifier:
    card = read_card(model)
    path.write_bytes(append_card(model.read_bytes()[: card.model_bytes], replace(card, **facts)))
    return Classifier.load(path)


@pytest.fixture
def classifier(model_file: Path, tmp_path: Path) -> Classifier:
    """A file whose scores assume half-way between photographs and balance."""
    return with_card(model_file, tmp_path / "a.tflite", prior=HALF, training={"votes": {"prior": PHOTOS}})


@pytest.mark.parametrize("text", ["photos", "balanced", "photos^0.25", "neutral=0.7"])
def test_scores_are_reweighted_from_the_prior_in_the_card(classifier: Classifier, faces: Dataset, text: str) -> None:
    images, wanted = faces.validation.images[:10], read_prior(text, PHOTOS)
    reweighted = for_prior(classifier, text, classifier.path)
    scores = reweighted.classify_all(images)
    expected = reweigh(classifier.classify_all(images), prior_factors(EXPRESSIONS, HALF, wanted))
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_allclose(np.stack([reweighted.classify(image) for image in images]), scores, rtol=1e-6)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-6)
    assert (reweighted.card, reweighted.runtime) == (replace(classifier.card, prior=wanted), classifier.runtime)


def test_prior_in_the_card_leaves_scores_unchanged(classifier: Classifier, faces: Dataset) -> None:
    images = faces.validation.images[:10]
    same = for_prior(classifier, "photos^0.5", classifier.path).classify_all(images)
    np.testing.assert_allclose(same, classifier.classify_all(images), rtol=1e-5)


@pytest.mark.parametrize("facts", [{"prior": None}, {"training": {}}, {"training": {"votes": None}}])
def test_card_without_both_priors_is_rejected(model_file: Path, tmp_path: Path, facts: dict[str, object]) -> None:
    known = {"prior": HALF, "training": {"votes": {"prior": PHOTOS}}}
    classifier = with_card(model_file, tmp_path / "a.tflite", **(known | facts))
    with pytest.raises(ModelError, match=r"a\.tflite: expected a model whose card says which prior") as refused:
        for_prior(classifier, "balanced", classifier.path)
    assert "--" not in str(refused.value)


def test_invalid_prior_is_rejected(classifier: Classifier) -> None:
    with pytest.raises(InputError, match="got 'smile=1'"):
        for_prior(classifier, "smile=1", classifier.path)
