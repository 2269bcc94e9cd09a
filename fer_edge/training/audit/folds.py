"""Scores of training images by networks that have not seen them: cross-validation, resumably."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.errors import DataError, InputError
from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.model_card import ModelCard
from fer_edge.scores import FloatArray
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.recipe import Recipe
from fer_edge.training.replacement import Replacement
from fer_edge.training.run_folder import CHECKPOINTS_NAME, STATE_NAME, RunFolder
from fer_edge.training.train import Trained, TrainingObserver, train

IntArray = npt.NDArray[np.int64]


def assign_folds(labels: IntArray, copies: IntArray, folds: int, seed: int) -> IntArray:
    """Deal images out to folds, each expression evenly, copies of one picture together.

    Args:
        labels: int64 (N,).
        copies: Group of each image, int64 (N,): the index of its group's first image.
        folds: How many; at least 2.
        seed: Decides which image goes where.

    Returns:
        int64 (N,), the fold of each image, 0..folds-1.

    Raises:
        InputError: If there are fewer than 2 folds.
        DataError: If there are fewer different pictures than folds.
    """
    if folds < 2:
        raise InputError(f"expected at least 2 folds, got {folds}")
    first, group = np.unique(copies, return_inverse=True)
    if len(first) < folds:
        raise DataError(f"{folds} folds need as many different pictures, got {len(first)}; ask for fewer folds")
    shuffled = np.random.default_rng(seed).permutation(len(first))
    by_label = shuffled[np.argsort(labels[first][shuffled], kind="stable")]
    fold_of_group = np.empty(len(first), np.int64)
    fold_of_group[by_label] = np.arange(len(first)) % folds
    return fold_of_group[group]


def score_out_of_fold(
    dataset: Dataset,
    recipe: Recipe,
    fold_of: IntArray,
    folder: Path,
    observe: Callable[[int], TrainingObserver],
) -> FloatArray:
    """Score each training image by a network that was trained on the other folds.

    Each network's epoch is chosen on the validation split, as ever.

    Args:
        dataset: Labelled faces.
        recipe: What to train, and how.
        fold_of: The fold of each training image, int64 (N,), from 0.
        folder: Gets a run folder for each fold. Those that are there are gone on with.
        observe: Gives the observer of the training of a fold, from 0.

    Returns:
        float32 (N, 7).

    Raises:
        InputError: If `folder` holds folds of other images or another recipe.
        KeyboardInterrupt: If Ctrl-C came; the same call goes on from the last whole epoch.
    """
    scores = np.empty((len(dataset.train), NUM_EXPRESSIONS), np.float32)
    for fold in range(int(fold_of.max()) + 1):
        rows = np.flatnonzero(fold_of == fold)
        rest = dataset.train.take(np.flatnonzero(fold_of != fold))
        run = RunFolder(folder / str(fold + 1))
        others = replace(dataset, splits={**dataset.splits, SplitName.TRAIN: rest})
        model = _train_fold(run, others, recipe, observe(fold)).model
        classifier = KerasClassifier(model, ModelCard(f"fold {fold + 1}", recipe.arch), run.model)
        scores[rows] = classifier.classify_all(dataset.train.images[rows])
    return scores


def folds_replacement(folder: Path) -> Replacement:
    """The folds in `folder` as those that others replace, once one of these has a whole epoch."""
    return Replacement(folder, lambda: any(folder.glob(f"*/{CHECKPOINTS_NAME}/{STATE_NAME}")))


def _train_fold(run: RunFolder, dataset: Dataset, recipe: Recipe, observer: TrainingObserver) -> Trained:
    if run.settings.exists():
        known_recipe, _, sha256 = run.resume()
        if (known_recipe, sha256) != (recipe, dataset.sha256()):
            raise InputError(f"{run.path} was trained on other images or otherwise; choose another --output")
    else:
        run.begin(recipe, dataset)
    resume = (run.checkpoints / STATE_NAME).exists()
    trained = train(dataset, recipe, run.checkpoints, observer=observer, resume=resume)
    if trained.interruption is not None:
        raise trained.interruption
    return trained
