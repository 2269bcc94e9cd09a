"""Priors of the expressions, and re-weighting of scores for another prior (Saerens et al., 2002)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError

Prior = dict[str, float]
"""Share of each expression, by name, in the faces to be scored; sums to 1."""

PHOTOS = "photos"
"""Name of the prior of the photographs that people voted on."""
BALANCED = "balanced"
"""Name of the uniform prior."""
POWER = "^"
"""Separator of `PHOTOS` and the power that its shares are raised to."""

_FORMS = f"{PHOTOS}, {BALANCED}, {PHOTOS}{POWER}0.5 or shares such as neutral=0.7,happy=0.1"
_LEAST_SHARE = 1e-3
"""Least share of an expression in a prior: with 0 its score would be 0 for every face."""
_SUM_TOLERANCE = 0.036
"""Largest deviation of a sum from 1. Seven shares of two digits deviate by 0.035."""
_NAME_TOLERANCE = 0.01
"""Largest relative deviation of a share from that of a power of the photographs' prior that names it."""


def read_prior(text: str, photos: Mapping[str, float]) -> Prior:
    """Parse a prior as a user writes it.

    Args:
        text: `photos`; `balanced`; `photos^P`, the photographs' shares to a power from 0 (balanced) to 1 (photos),
            normalized; or shares such as `neutral=0.7,happy=0.1`: the rest is divided among the other expressions in
            proportion to `photos`.
        photos: The photographs' prior.

    Raises:
        InputError: If it is none of these, names an unknown expression, or its shares exceed 1.
    """
    text = text.strip()
    if text == BALANCED:
        return _to_power(photos, 0)
    word, sign, power = text.partition(POWER)
    if word.strip() == PHOTOS:
        return _to_power(photos, _read_power(power) if sign else 1)
    return _complete(_read_shares(text, photos), photos)


def name_prior(prior: Mapping[str, float], photos: Mapping[str, float]) -> str:
    """Return a prior as text for `read_prior`: a name that gives it within 1 %, or else the share of each expression.

    Args:
        prior: The prior to name.
        photos: The photographs' prior, of the same expressions.
    """
    logs = [np.log([max(each[name], _LEAST_SHARE) for name in photos]) for each in (photos, prior)]
    ours, named = (values - values.mean() for values in logs)
    spread = float(ours @ ours)
    power = round(float(ours @ named) / spread, 3) if spread > _NAME_TOLERANCE**2 else 1.0
    if not 0 <= power <= 1 or np.abs(named - power * ours).max() > _NAME_TOLERANCE:
        return ", ".join(f"{name}={share:.3g}" for name, share in prior.items())
    return {1.0: PHOTOS, 0.0: BALANCED}.get(power, f"{PHOTOS}{POWER}{power:g}")


def require_prior(prior: Mapping[str, float], labels: tuple[str, ...]) -> None:
    """Check a prior of the expressions `labels`.

    Raises:
        ValueError: If it has other expressions, or its values are not shares of a whole.
    """
    if set(prior) != set(labels):
        raise ValueError(f"expected a prior of {', '.join(labels)}, got one of {', '.join(prior)}")
    if not all(type(share) in (int, float) and 0 <= share <= 1 for share in prior.values()):
        raise ValueError(f"expected a prior of shares from 0 to 1, got {', '.join(map(str, prior.values()))}")
    if abs(sum(prior.values()) - 1) > _SUM_TOLERANCE:
        raise ValueError(f"expected a prior whose shares sum to 1, got {sum(prior.values()):.6g}")


def prior_factors(
    labels: tuple[str, ...], assumed: Mapping[str, float], wanted: Mapping[str, float]
) -> npt.NDArray[np.float32]:
    """Return the ratio of two priors: factors of the scores before normalization.

    Args:
        labels: The expressions in the order of the scores.
        assumed: Prior that the scores assume.
        wanted: Prior to change to.

    Returns:
        float32 (labels,), above 0.
    """
    ratios = [max(wanted[label], _LEAST_SHARE) / max(assumed[label], _LEAST_SHARE) for label in labels]
    return np.array(ratios, np.float32)


def reweigh(scores: npt.NDArray[np.float32], factors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return scores (..., labels) for another prior by Bayes' rule; `factors` as `prior_factors` returns them."""
    weighted: Any = scores * factors
    return np.asarray(weighted / np.add.reduce(weighted, axis=-1, keepdims=True), np.float32)


def _complete(given: Prior, photos: Mapping[str, float]) -> Prior:
    """Divide the rest of the shares in `given` among the other expressions, each with at least the least share."""
    others = {name: max(share, _LEAST_SHARE) for name, share in photos.items() if name not in given}
    left = 1 - sum(given.values())
    if left < -_SUM_TOLERANCE or (not others and left > _SUM_TOLERANCE):
        most = "at most 1" if others else "1"
        raise InputError(f"expected shares that sum to {most}, got {1 - left:.6g}")
    filled = {name: max(left, 0) * share / sum(others.values()) for name, share in others.items()}
    return _normalized({name: max({**given, **filled}[name], _LEAST_SHARE) for name in photos})


def _to_power(prior: Mapping[str, float], power: float) -> Prior:
    return _normalized({name: share**power for name, share in prior.items()})


def _normalized(shares: Mapping[str, float]) -> Prior:
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}


def _read_power(text: str) -> float:
    power = _read_number(text)
    if not 0 <= power <= 1:
        raise InputError(f"expected a power from 0 ({BALANCED}) to 1 ({PHOTOS}), got {text.strip()!r}")
    return power


def _read_shares(text: str, photos: Mapping[str, float]) -> Prior:
    given: Prior = {}
    for part in text.split(","):
        name, _, share = (piece.strip() for piece in part.partition("="))
        if name not in photos:
            raise InputError(f"expected {_FORMS} of {', '.join(photos)}, got {part.strip()!r}")
        if name in given:
            raise InputError(f"expected each expression once, got {name} twice")
        given[name] = _read_share(part, share)
    return given


def _read_share(part: str, text: str) -> float:
    share = _read_number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= share <= 1:
        raise InputError(f"expected a share from 0 to 1 such as neutral=0.7, got {part.strip()!r}")
    return share


def _read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
