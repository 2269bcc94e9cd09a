"""Temperature scaling of scores, fitted on held-back images and folded into the last layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from fer_edge.dataset.data import Split, digests
from fer_edge.scores import FloatArray
from fer_edge.training.targets import learning_targets

MIN_HELD_BACK = 100
"""Least images to fit a temperature on. Its standard error is about 1 / sqrt(images) where logits spread by about 1, so
that it exceeds a tenth with fewer."""

LOWEST, HIGHEST = 0.25, 4.0
"""Bounds of a temperature. The shipped network's is 0.52, as its targets were softened; these allow twice as much on a
logarithmic scale, either way. The likeliest is out of bounds where scores are no better than chance, or all right."""

_MAX_ERROR = 0.25
"""Largest standard error of a temperature, as a share of it: scores that are certain and right hardly depend on it."""

_SEED = 1
_STEPS = 50
_BATCH = 256


@dataclass(frozen=True)
class Calibration:
    """Outcome of fitting the scores' temperature.

    Attributes:
        temperature: Divisor of the last layer's logits; None if none was fitted.
        reason: Reason why none was fitted though images were to be held back; empty otherwise.
    """

    temperature: float | None = None
    reason: str = ""


def hold_back(split: Split, fraction: float) -> tuple[Split, Split]:
    """Divide a training split into images to train on and images to hold back.

    The same share of each expression is held back. Images with an exact copy are not, as the network would learn the
    copy. Every run holds back the same images, as teachers, or the model that a run starts from, must not have been
    trained on them. None are held back if there would be fewer than `MIN_HELD_BACK`.

    Args:
        split: All training images.
        fraction: Share of them to hold back, 0..1.

    Returns:
        Images to train on, and images held back, each in the split's order.
    """
    if not fraction:
        return split, split.take(np.empty(0, np.int64))
    _, first, counts = np.unique(digests(split.images), return_index=True, return_counts=True)
    candidates = np.sort(first[counts == 1])
    rng = np.random.default_rng(_SEED)
    held = np.zeros(len(split), bool)
    for label, count in enumerate(split.class_counts()):
        of_class = candidates[split.labels[candidates] == label]
        chosen = min(round(count * fraction), len(of_class))
        held[rng.choice(of_class, chosen, replace=False)] = True
    if held.sum() < MIN_HELD_BACK:
        held[:] = False
    return split.take(np.flatnonzero(~held)), split.take(np.flatnonzero(held))


def fit_temperature(scores: FloatArray, targets: FloatArray) -> float | None:
    """Find the temperature that makes the labels or votes likeliest (Guo et al., 2017).

    Args:
        scores: Probabilities, float32 (N, classes).
        targets: Share of each class in each image's target, float32 (N, classes), with sums of 1.

    Returns:
        Divisor of the logits, above 1 where the scores were too confident; None if it is out of bounds or its standard
        error is too large.
    """
    logits = np.log(np.maximum(scores.astype(np.float64), 1e-12))
    true = (targets * logits).sum(axis=1)
    inverse = 1.0
    for _ in range(_STEPS):  # Newton's method: the log-likelihood is concave in the inverse temperature
        softened = np.exp(inverse * (logits - logits.max(axis=1, keepdims=True)))
        softened /= softened.sum(axis=1, keepdims=True)
        mean = (softened * logits).sum(axis=1)
        curvature = max(float(((softened * logits**2).sum(axis=1) - mean**2).mean()), 1e-12)
        step = float((true - mean).mean()) / curvature
        inverse = min(max(inverse + step, inverse / 2, 1 / HIGHEST), inverse * 2, 1 / LOWEST)
    error = 1 / (inverse * math.sqrt(len(targets) * curvature))  # from the Fisher information
    return 1 / inverse if 1 / HIGHEST < inverse < 1 / LOWEST and error <= _MAX_ERROR else None


def fold_temperature(model: keras.Model, temperature: float) -> None:
    """Divide `model`'s logits by `temperature`, in the weights of its last layer."""
    last: Any = model.layers[-1]
    last.set_weights([weights / temperature for weights in last.get_weights()])


def calibrate(model: keras.Model, held_back: Split, votes_weight: float = 0.0) -> Calibration:
    """Fit the temperature of `model`'s scores on `held_back`, and fold it into the model.

    Args:
        model: Network with a dense last layer that returns probabilities, float32 (N, classes).
        held_back: Images that the model was not trained on, as `hold_back` returns them.
        votes_weight: Share of people's votes in the target of an image that has any.
    """
    if not len(held_back):
        return Calibration(
            None, f"fewer than {MIN_HELD_BACK} images would be held back to fit it on; all were trained on"
        )
    scores = model.predict(held_back.inputs(), _BATCH, verbose=0)
    temperature = fit_temperature(scores, learning_targets(held_back, votes_weight))
    if temperature is None:
        return Calibration(
            None, f"the {len(held_back):,} images held back for it determine none within {LOWEST:g}..{HIGHEST:g}"
        )
    fold_temperature(model, temperature)
    return Calibration(temperature)
