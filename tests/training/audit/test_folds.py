from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.dataset.choosing import choose_classes
from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.conversion import in_form
from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.errors import DataError, DivergenceError, InputError
from fer_edge.picture_form import RGB, PictureForm
from fer_edge.training.audit.folds import assign_folds, folds_replacement, score_out_of_fold
from fer_edge.training.recipe import Recipe
from fer_edge.training.train import train


class Counting:
    """Counts trainings, and raises KeyboardInterrupt in the first step of a given epoch."""

    def __init__(self, interrupt_in: int | None = None) -> None:
        self.epochs: list[tuple[int, int]] = []
        self._fold, self._interrupt_in = 0, interrupt_in

    def observe(self, fold: int) -> Counting:
        self._fold = fold
        return self

    def on_start(self, *_: Any) -> None: ...

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        if self._interrupt_in == len(self.epochs):
            raise KeyboardInterrupt

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        self.epochs.append((self._fold, epoch))


@pytest.fixture
def few(faces: Dataset) -> Dataset:
    """Return six training and two validation images of each expression."""
    train, validation = (split.take(np.arange(0, len(split), step)) for split, step in
                         ((faces.train, 6), (faces.validation, 8)))  # fmt: skip
    return replace(faces, splits={SplitName.TRAIN: train, SplitName.VALIDATION: validation})


@pytest.fixture
def recipe(tiny_architecture: str) -> Recipe:
    return Recipe(arch=tiny_architecture, epochs=2, batch_size=16, seed=1)


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_every_expression_is_spread_evenly_over_folds(faces: Dataset, folds: int) -> None:
    labels = faces.train.labels
    fold_of = assign_folds(labels, np.arange(len(labels)), folds, seed=4)
    counts = np.array([np.bincount(labels[fold_of == fold], minlength=7) for fold in range(folds)])
    assert counts.sum() == len(labels)
    assert (counts.max(axis=0) - counts.min(axis=0)).max() <= 1
    assert np.array_equal(fold_of, assign_folds(labels, np.arange(len(labels)), folds, seed=4))
    assert not np.array_equal(fold_of, assign_folds(labels, np.arange(len(labels)), folds, seed=5))


def test_copies_stay_in_one_fold() -> None:
    labels = np.arange(60) % 7
    copies = np.arange(60)
    copies[[10, 20, 30, 59]] = 3
    copies[[41, 52]] = 40
    for seed in range(20):
        fold_of = assign_folds(labels, copies, 3, seed)
        assert len(set(fold_of[[3, 10, 20, 30, 59]])) == 1
        assert len(set(fold_of[[40, 41, 52]])) == 1


def test_colour_faces_of_own_classes_are_scored(few: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    two = choose_classes(few, ClassChoice(classes=("happy", "sad")))
    mine = in_form(two, PictureForm(64, 64, RGB))
    fold_of = assign_folds(mine.train.labels, np.arange(len(mine.train)), 2, seed=0)
    once = replace(recipe, epochs=1)
    scores = score_out_of_fold(mine, once, fold_of, tmp_path, Counting().observe)
    assert scores.shape == (len(mine.train), 2)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_too_few_folds_or_pictures_are_rejected() -> None:
    with pytest.raises(InputError, match="at least 2 folds, got 1"):
        assign_folds(np.zeros(4, np.int64), np.arange(4), 1, 0)
    with pytest.raises(DataError, match="3 folds need as many different pictures, got 2"):
        assign_folds(np.zeros(4, np.int64), np.array([0, 0, 2, 2]), 3, 0)


def test_no_network_scores_its_training_images(
    few: Dataset, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_on: list[set[str]] = []

    def spy(dataset: Dataset, *arguments: Any, **options: Any) -> Any:
        trained_on.append(set(dataset.train.names))
        assert dataset.validation is few.validation
        return train(dataset, *arguments, **options)

    monkeypatch.setattr("fer_edge.training.audit.folds.train", spy)
    fold_of = assign_folds(few.train.labels, np.arange(len(few.train)), 2, 0)
    scores = score_out_of_fold(few, recipe, fold_of, tmp_path, Counting().observe)
    assert scores.sum(axis=1) == pytest.approx(1)
    for fold, names in enumerate(trained_on):
        assert names == {few.train.names[i] for i in np.flatnonzero(fold_of != fold)}


@pytest.mark.slow
def test_resume_gives_identical_scores(few: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    fold_of = assign_folds(few.train.labels, np.arange(len(few.train)), 2, 0)
    straight = Counting()
    expected = score_out_of_fold(few, recipe, fold_of, tmp_path / "straight", straight.observe)
    assert straight.epochs == [(0, 1), (0, 2), (1, 1), (1, 2)]
    with pytest.raises(KeyboardInterrupt):
        score_out_of_fold(few, recipe, fold_of, tmp_path / "broken", Counting(interrupt_in=3).observe)
    rest = Counting()
    scores = score_out_of_fold(few, recipe, fold_of, tmp_path / "broken", rest.observe)
    assert rest.epochs == [(1, 2)]
    assert scores == pytest.approx(expected, abs=1e-5)
    with pytest.raises(InputError, match="1 was trained on other images or by another recipe"):
        score_out_of_fold(few, replace(recipe, seed=2), fold_of, tmp_path / "broken", rest.observe)
    with pytest.raises(InputError, match="1 was trained on other images or by another recipe"):
        score_out_of_fold(few, recipe, 1 - fold_of, tmp_path / "broken", rest.observe)
    again = Counting()
    with folds_replacement(tmp_path / "broken").replacing():
        score_out_of_fold(few, replace(recipe, epochs=1), fold_of, tmp_path / "broken", again.observe)
    assert again.epochs == [(0, 1), (1, 1)]
    assert not (tmp_path / ".replaced").exists()


def test_diverged_fold_ends_audit(few: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    fold_of = assign_folds(few.train.labels, np.arange(len(few.train)), 2, 0)
    with pytest.raises(DivergenceError, match=r"training diverged at epoch 1, step \d of 2: "):
        score_out_of_fold(few, replace(recipe, learning_rate=1e30), fold_of, tmp_path, Counting().observe)
