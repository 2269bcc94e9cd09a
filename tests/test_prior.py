from __future__ import annotations

import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.prior import name_prior, prior_factors, read_prior, require_prior, reweigh

PHOTOS = {"happy": 0.5, "neutral": 0.3, "sad": 0.2}
LABELS = tuple(PHOTOS)
ROOTS = np.sqrt(list(PHOTOS.values()))


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("photos", (0.5, 0.3, 0.2)),
        ("photos^1", (0.5, 0.3, 0.2)),
        ("balanced", (1 / 3, 1 / 3, 1 / 3)),
        ("photos^0", (1 / 3, 1 / 3, 1 / 3)),
        (" photos ^ 0.5 ", tuple(ROOTS / ROOTS.sum())),
        ("neutral=0.65", (0.25, 0.65, 0.1)),
        ("neutral=65%, sad=10%", (0.25, 0.65, 0.1)),
        ("happy=0.2,neutral=0.3,sad=0.5", (0.2, 0.3, 0.5)),
        ("happy=0.33,neutral=0.33,sad=0.33", (1 / 3, 1 / 3, 1 / 3)),
    ],
)
def test_prior_is_parsed(text: str, shares: tuple[float, ...]) -> None:
    assert list(read_prior(text, PHOTOS).values()) == pytest.approx(list(shares))


def test_no_expression_is_ruled_out() -> None:
    prior = read_prior("neutral=1", PHOTOS)
    assert min(prior.values()) > 0
    assert sum(prior.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected photos, balanced, photos^0.5 or shares"),
        ("Photos", "got 'Photos'"),
        ("photo^0.5", "got 'photo^0.5'"),
        ("smile=0.5", "of happy, neutral, sad, got 'smile=0.5'"),
        ("happy", "expected a share from 0 to 1"),
        ("happy=nan", "expected a share from 0 to 1"),
        ("happy=-0.1", "expected a share from 0 to 1"),
        ("happy=0.5,happy=0.2", "expected each expression once, got happy twice"),
        ("happy=0.6,neutral=0.6", "sum to at most 1, got 1.2"),
        ("happy=0.1,neutral=0.1,sad=0.1", "sum to 1, got 0.3"),
        ("photos^", "expected a power from 0 (balanced) to 1 (photos), got ''"),
        ("photos^2", "got '2'"),
        ("photos^-1", "got '-1'"),
        ("photos^nan", "got 'nan'"),
        ("photos^0,5", "got '0,5'"),
    ],
)
def test_invalid_prior_is_rejected_without_naming_an_option(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_prior(text, PHOTOS)
    assert message in str(refused.value)
    assert "--" not in str(refused.value)


@pytest.mark.parametrize("text", ["photos", "balanced", "photos^0.6", "photos^0.05", "neutral=0.7", "happy=0.01,sad=0"])
def test_name_is_parsed_as_its_prior(text: str) -> None:
    prior = read_prior(text, PHOTOS)
    name = name_prior(prior, PHOTOS)
    assert read_prior(name, PHOTOS) == pytest.approx(prior, rel=0.01)
    if "=" not in text:
        assert name == text


def test_uniform_photographs_prior_is_named_photos() -> None:
    even = dict.fromkeys(LABELS, 1 / 3)
    assert name_prior(even, even) == "photos"
    assert name_prior(PHOTOS, even) == "happy=0.5, neutral=0.3, sad=0.2"


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ({"happy": 0.5, "neutral": 0.5}, "expected a prior of happy, neutral, sad, got one of happy, neutral"),
        ({**PHOTOS, "calm": 0.0}, "got one of happy, neutral, sad, calm"),
        ({**PHOTOS, "sad": 0.5}, "sum to 1, got 1.3"),
        ({**PHOTOS, "sad": -0.2}, "shares from 0 to 1"),
        ({**PHOTOS, "sad": float("nan")}, "shares from 0 to 1"),
        ({**PHOTOS, "sad": "0.2"}, "shares from 0 to 1"),
        ({"happy": True, "neutral": 0.0, "sad": 0.0}, "shares from 0 to 1"),
    ],
)
def test_shares_that_do_not_sum_to_one_are_rejected(prior: dict[str, float], message: str) -> None:
    require_prior(PHOTOS, LABELS)
    with pytest.raises(ValueError, match="expected a prior") as refused:
        require_prior(prior, LABELS)
    assert message in str(refused.value)


def test_scores_follow_bayes_rule() -> None:
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]], np.float32)
    same = reweigh(scores, prior_factors(LABELS, PHOTOS, PHOTOS))
    np.testing.assert_allclose(same, scores, rtol=1e-6)
    balanced = reweigh(scores, prior_factors(LABELS, PHOTOS, read_prior("balanced", PHOTOS)))
    np.testing.assert_allclose(balanced[0], [1 / 3] * 3, rtol=1e-6)  # the prior itself says nothing
    np.testing.assert_allclose(balanced[1], np.array([0.2, 8 / 3, 0.5]) / (0.2 + 8 / 3 + 0.5), rtol=1e-6)


def test_an_expression_that_no_photograph_shows_keeps_its_scores() -> None:
    photos = {"happy": 0.7, "neutral": 0.3, "sad": 0.0}
    scores = np.array([0.2, 0.3, 0.5], np.float32)
    np.testing.assert_allclose(reweigh(scores, prior_factors(LABELS, photos, photos)), scores, rtol=1e-6)
    half = read_prior("photos^0.5", photos)
    assert np.isfinite(reweigh(scores, prior_factors(LABELS, photos, half))).all()
