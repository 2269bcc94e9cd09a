"""How often each expression is expected, and scores re-weighted for another such prior (Saerens et al., 2002)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError

FloatArray = npt.NDArray[np.float32]
Prior = dict[str, float]
"""Share of each expression, by name, in the faces that scores are meant for; sums to 1."""

OWN = "photos"
"""The word for the prior that a model's scores assume, which for the shipped models is that of photographs."""
BALANCED = "balanced"
"""The word for every expression as likely as any other."""

_LEAST_SHARE = 1e-3
"""What an expression is expected at least: with 0 it could never be the answer, whatever the face shows."""


def read_prior(text: str, assumed: Mapping[str, float]) -> Prior:
    """Read a prior as it is written on the command line.

    Args:
        text: `photos`, `balanced`, or shares such as `neutral=0.7,happy=0.1`: what they leave is divided among the
            other expressions in proportion to `assumed`.
        assumed: The prior that the model's scores assume.

    Raises:
        InputError: If it is none of these, names an unknown expression, or its shares exceed 1.
    """
    if text == OWN:
        return dict(assumed)
    if text == BALANCED:
        return dict.fromkeys(assumed, 1 / len(assumed))
    given = _read_shares(text, assumed)
    others = {name: share for name, share in assumed.items() if name not in given}
    left, known = 1 - sum(given.values()), sum(others.values())
    if left < -1e-9 or (not others and left > 1e-9):
        raise InputError(f"--prior {text}: expected shares that sum to {'1' if not others else 'at most 1'}")
    filled = {name: max(left, 0) * share / known for name, share in others.items()}
    floored = {name: max({**given, **filled}[name], _LEAST_SHARE) for name in assumed}
    total = sum(floored.values())
    return {name: share / total for name, share in floored.items()}


def prior_factors(labels: tuple[str, ...], assumed: Mapping[str, float], wanted: Mapping[str, float]) -> FloatArray:
    """Return what each score is multiplied by, float32 (labels,), before they are divided by their sum again."""
    return np.array([wanted[label] / max(assumed[label], _LEAST_SHARE) for label in labels], np.float32)


def reweigh(scores: FloatArray, factors: FloatArray) -> FloatArray:
    """Return scores (..., labels) for another prior by Bayes' rule; `factors` as `prior_factors` returns them."""
    weighted: Any = scores * factors
    return np.asarray(weighted / np.maximum(weighted.sum(axis=-1, keepdims=True), 1e-12), np.float32)


def _read_shares(text: str, assumed: Mapping[str, float]) -> Prior:
    given: Prior = {}
    for part in text.split(","):
        name, _, share = (piece.strip() for piece in part.partition("="))
        if name not in assumed or name in given:
            raise InputError(
                f"--prior {text}: expected {OWN}, {BALANCED} or shares such as neutral=0.7,happy=0.1 of "
                f"{', '.join(assumed)}, got {part.strip()!r}"
            )
        given[name] = _read_share(text, part, share)
    return given


def _read_share(text: str, part: str, share: str) -> float:
    try:
        value = float(share.removesuffix("%")) / (100 if share.endswith("%") else 1)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise InputError(f"--prior {text}: expected a share from 0 to 1 such as neutral=0.7, got {part.strip()!r}")
    return value
