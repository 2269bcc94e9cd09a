"""Resumable cross-validation: scores of training images by networks that have not seen them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from fer_edge.arrays import IntArray
from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.errors import DataError, InputError
from fer_edge.scores import FloatArray
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.observer import TrainingObserver
from fer_edge.training.recipe import Recipe
from fer_edge.training.replacement import Replacement
from fer_edge.training.run_folder import CHECKPOINTS_NAME, STATE_NAME, RunFolder
from fer_edge.training.train import Trained, train


def assign_folds(labels: IntArray, copies: IntArray, folds: int, seed: int) -> IntArray:
    """Assign images to folds, each expression evenly, copies of a picture together.

    Args:
        labels: Labels, int64 (N,).
        copies: Group of each image, int64 (N,): the index of its group's first image.
        folds: Number of folds; at least 2.
        seed: Seed of the assignment.

    Returns:
        Fold of each image, int64 (N,), 0..folds-1.

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

    Each network's best epoch is selected on the validation split, as in any run.

    Args:
        dataset: Labelled faces.
        recipe: Recipe of the networks.
        fold_of: Fold of each training image, int64 (N,), from 0.
        folder: Folder for a run folder of each fold; existing ones are resumed.
        observe: Returns the observer of the training of a fold, from 0.

    Returns:
        Scores, float32 (N, classes).

    Raises:
        InputError: If `folder` holds folds of other images or another recipe.
        KeyboardInterrupt: If Ctrl-C was pressed; the same call resumes after the last complete epoch.
    """
    scores = np.empty((len(dataset.train), len(dataset.classes)), np.float32)
    for fold in range(int(fold_of.max()) + 1):
        rows = np.flatnonzero(fold_of == fold)
        rest = dataset.train.take(np.flatnonzero(fold_of != fold))
        run = RunFolder(folder / str(fold + 1))
        others = replace(dataset, splits={**dataset.splits, SplitName.TRAIN: rest})
        model = _train_fold(run, others, recipe, observe(fold)).model
        form = dataset.train.form
        spec = InputSpec(form.width, form.height, form.colour)
        card = ModelCard(f"fold {fold + 1}", recipe.arch, dataset.classes, spec)
        classifier = KerasClassifier(model, card, run.model)
        scores[rows] = classifier.classify_all(dataset.train.images[rows])
    return scores


def folds_replacement(folder: Path) -> Replacement:
    """Return the way to replace the folds in `folder`: they go once a new fold has a saved epoch."""
    return Replacement(folder, lambda: any(folder.glob(f"*/{CHECKPOINTS_NAME}/{STATE_NAME}")))


def _train_fold(run: RunFolder, dataset: Dataset, recipe: Recipe, observer: TrainingObserver) -> Trained:
    if run.settings.exists():
        known_recipe, _, sha256 = run.resume()
        if (known_recipe, sha256) != (recipe, dataset.sha256()):
            raise InputError(f"{run.path} was trained on other images or by another recipe; choose another folder")
    else:
        run.begin(recipe, dataset)
    resume = (run.checkpoints / STATE_NAME).exists()
    trained = train(dataset, recipe, run.checkpoints, observer=observer, resume=resume)
    if trained.interruption is not None:
        raise trained.interruption
    return trained
