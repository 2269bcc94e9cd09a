from __future__ import annotations

import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.prior import prior_factors, read_prior, reweigh

ASSUMED = {"happy": 0.5, "neutral": 0.3, "sad": 0.2}
LABELS = tuple(ASSUMED)


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("photos", (0.5, 0.3, 0.2)),
        ("balanced", (1 / 3, 1 / 3, 1 / 3)),
        ("neutral=0.65", (0.25, 0.65, 0.1)),
        ("neutral=65%, sad=10%", (0.25, 0.65, 0.1)),
        ("happy=0.2,neutral=0.3,sad=0.5", (0.2, 0.3, 0.5)),
    ],
)
def test_a_prior_is_read(text: str, shares: tuple[float, ...]) -> None:
    assert list(read_prior(text, ASSUMED).values()) == pytest.approx(list(shares))


def test_no_expression_is_ruled_out() -> None:
    prior = read_prior("neutral=1", ASSUMED)
    assert min(prior.values()) > 0
    assert sum(prior.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected photos, balanced or shares"),
        ("smile=0.5", "got 'smile=0.5'"),
        ("happy", "expected a share from 0 to 1"),
        ("happy=nan", "expected a share from 0 to 1"),
        ("happy=-0.1", "expected a share from 0 to 1"),
        ("happy=0.5,happy=0.2", "got 'happy=0.2'"),
        ("happy=0.6,neutral=0.6", "sum to at most 1"),
        ("happy=0.1,neutral=0.1,sad=0.1", "sum to 1"),
    ],
)
def test_what_is_no_prior_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_prior(text, ASSUMED)


def test_scores_follow_bayes_rule() -> None:
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]], np.float32)
    same = reweigh(scores, prior_factors(LABELS, ASSUMED, ASSUMED))
    np.testing.assert_allclose(same, scores, rtol=1e-6)
    balanced = reweigh(scores, prior_factors(LABELS, ASSUMED, read_prior("balanced", ASSUMED)))
    np.testing.assert_allclose(balanced[0], [1 / 3] * 3, rtol=1e-6)  # the prior itself says nothing
    np.testing.assert_allclose(balanced[1], np.array([0.2, 8 / 3, 0.5]) / (0.2 + 8 / 3 + 0.5), rtol=1e-6)
