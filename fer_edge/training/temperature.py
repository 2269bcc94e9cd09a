"""Calibrated scores: a temperature fitted on held-back images, at no cost on the device."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.training.data import Split, digests

_SEED = 1
_STEPS = 50


def hold_back(split: Split, fraction: float) -> tuple[Split, Split]:
    """Divide a training split into what is trained on and what is held back.

    The same share of each expression is held back, and no image that another one of the split equals: a network
    would have learned it all the same. Every run holds back the same images: else one would hold back what its
    teachers, or the model that it starts from, were trained on.

    Args:
        split: All training images.
        fraction: Share of them to hold back, 0..1.

    Returns:
        The images to train on and those held back, each in the split's order.
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
    return split.take(np.flatnonzero(~held)), split.take(np.flatnonzero(held))


def fit_temperature(scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    """Find the temperature that makes the labels likeliest (Guo et al., 2017).

    Args:
        scores: float32 (N, 7), probabilities.
        labels: int64 (N,).

    Returns:
        What to divide logits by; above 1 where the scores were too sure.
    """
    logits = np.log(np.maximum(scores.astype(np.float64), 1e-12))
    true = logits[np.arange(len(labels)), labels]
    inverse = 1.0
    for _ in range(_STEPS):  # Newton's method: the log-likelihood is concave in the inverse temperature
        softened = np.exp(inverse * (logits - logits.max(axis=1, keepdims=True)))
        softened /= softened.sum(axis=1, keepdims=True)
        mean = (softened * logits).sum(axis=1)
        curvature = ((softened * logits**2).sum(axis=1) - mean**2).mean()
        inverse = float(np.clip(inverse + (true - mean).mean() / max(curvature, 1e-12), inverse / 2, inverse * 2))
    return 1 / inverse


def fold_temperature(model: keras.Model, temperature: float) -> None:
    """Divide `model`'s logits by `temperature`, in the weights of its last layer."""
    last: Any = model.layers[-1]
    last.set_weights([weights / temperature for weights in last.get_weights()])
