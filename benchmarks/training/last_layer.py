"""Compare targets of training by the last layer alone, which is fitted anew for each.

python -m benchmarks.training.last_layer runs/compact/model.keras --data faces.zip

All layers before it stay as they are, and the images unchanged. The fit is convex: it depends on no seed and no length
of training, so that small differences between two targets are theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click
import keras
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from benchmarks.entry import data_option, read_voted_dataset, run_command, votes_option
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.peoples_answer import PeoplesAnswer, evaluate_by_votes
from fer_edge.dataset.votes import Votes
from fer_edge.errors import InputError
from fer_edge.scores import FloatArray
from fer_edge.terminal.consoles import progress_bar, stdout
from fer_edge.terminal.tables import make_table
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.targets import image_weights, learning_targets, one_hot

_BATCH = 256
_WEIGHT_DECAY = 1e-4
_MOST_STEPS = 400

_Matrix = npt.NDArray[np.float64]


class Variant(NamedTuple):
    """One way to learn from votes.

    Attributes:
        name: In words.
        targets: float (N, classes) with a sum of 1.
        weights: Weight of each image, float (N,).
    """

    name: str
    targets: npt.NDArray[np.floating]
    weights: npt.NDArray[np.floating]


def variants(split: Split, votes: Votes) -> list[Variant]:
    """Return the ways that are compared; the first is what `fer-edge train` does."""
    shares, labels = learning_targets(split, 1.0), one_hot(split.labels, len(split.classes))
    others = votes.other_than_classes
    kept = np.where(others, 0.0, 1.0)
    by_label = np.where(others[:, np.newaxis], labels, shares)
    found = [Variant("as trained: shares of the votes", shares, kept)]
    for weight in (0.3, 1.0):
        weights = np.where(others, weight, 1.0)
        found.append(Variant(f"with no-face images at {weight:g} of the weight, by what votes remain", shares, weights))
        found.append(Variant(f"with no-face images at {weight:g} of the weight, by label", by_label, weights))
    found.append(Variant("single votes dropped", _without_single(shares, votes), kept))
    found += [Variant(f"shares to the power {power:g}", _normalized(shares**power), kept) for power in (1.5, 2.0)]
    found.append(Variant("majority alone", one_hot(shares.argmax(axis=1), len(split.classes)), kept))
    for power, name in ((0.5, "square root"), (1.0, "full")):
        found.append(Variant(f"class balance: {name}", shares, kept * image_weights(shares, power)))
    return found


def fit(features: _Matrix, targets: npt.NDArray[np.floating], weights: npt.NDArray[np.floating]) -> _Matrix:
    """Return the kernel that is best by cross-entropy and a small weight decay.

    Args:
        features: (N, features), of about unit variance, with a column of ones.
        targets: (N, classes) with a sum of 1.
        weights: Weight of each image, (N,).
    """
    shape = features.shape[1], targets.shape[1]
    shares = (weights / weights.sum())[:, np.newaxis]

    def loss(flat: _Matrix) -> tuple[float, _Matrix]:
        kernel = flat.reshape(shape)
        scores = log_softmax(features @ kernel, axis=1)
        gradient = features.T @ (shares * (np.exp(scores) - targets)) + _WEIGHT_DECAY * kernel
        decay = _WEIGHT_DECAY / 2 * (kernel**2).sum()
        return float(decay - (shares * targets * scores).sum()), gradient.ravel()

    begin, options = np.zeros(shape[0] * shape[1]), {"maxiter": _MOST_STEPS}
    best = minimize(loss, begin, jac=True, method="L-BFGS-B", options=options).x
    return np.asarray(best, np.float64).reshape(shape)


def _without_single(shares: FloatArray, votes: Votes) -> FloatArray:
    """Drop the answers that one person alone gave, where others remain."""
    counts = np.asarray(votes.counts[:, : shares.shape[1]], np.float32)
    counts[counts == 1] = 0
    return np.where(counts.any(axis=1, keepdims=True), _normalized(counts), shares)


def _normalized(values: FloatArray) -> FloatArray:
    return np.asarray(values / np.maximum(values.sum(axis=1, keepdims=True), 1e-9), np.float32)


class _Features(NamedTuple):
    """Inputs of the last layer, (N, features + 1): standardized by the training split, with a column of ones."""

    training: _Matrix
    validation: _Matrix


def _features(model: keras.Model, dataset: Dataset) -> _Features:
    body = keras.Model(model.inputs, model.layers[-1].input)
    splits = dataset.train, dataset.validation
    known, unknown = (np.asarray(body.predict(split.inputs(), _BATCH, verbose=0), np.float64) for split in splits)
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-6
    ones = ((0, 0), (0, 1))
    return _Features(*(np.pad((each - mean) / deviation, ones, constant_values=1) for each in (known, unknown)))


@click.command()
@click.argument("model", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_option
@votes_option
def command(model: Path, data: str | None, votes_file: Path | None) -> None:
    """Fit the last layer of MODEL, a .keras file, to different targets, and judge each on the validation split."""
    dataset = read_voted_dataset(data, votes_file)
    votes, judged = dataset.train.votes, dataset.validation.votes
    if votes is None or judged is None:
        raise InputError(f"{dataset.source}: expected people's votes on both splits, found none; give --votes")
    features = _features(KerasClassifier.load(model).model, dataset)
    compared = variants(dataset.train, votes)
    scores = []
    with progress_bar("fitting", len(compared)) as on_progress:
        for done, each in enumerate(compared, 1):
            kernel = fit(features.training, each.targets, each.weights)
            scores.append(np.asarray(softmax(features.validation @ kernel, axis=1), np.float32))
            on_progress(done)
    table = make_table(
        f"last layer of {model}, on the validation split of {dataset.name}",
        ["targets"],
        ["people's answer", "mean recall", "KL, nats", "answers changed"],
    )
    for each, values in zip(compared, scores, strict=True):
        changed = int((values.argmax(axis=1) != scores[0].argmax(axis=1)).sum())
        table.add_row(each.name, *_cells(evaluate_by_votes(values, judged)), f"{changed:,}")
    stdout().print(table)


def _cells(answer: PeoplesAnswer | None) -> list[str]:
    if answer is None:
        raise InputError("expected validation images with a majority, found none")
    return [f"{answer.majority.accuracy:.2%}", f"{answer.mean_recall:.3f}", f"{answer.kl_divergence:.4f}"]


if __name__ == "__main__":
    run_command(command)
