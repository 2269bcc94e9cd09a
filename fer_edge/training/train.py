"""Resumable training of a network on labelled faces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fer_edge.dataset.data import Dataset, Split
from fer_edge.errors import DataError, InputError, first_line
from fer_edge.scores import FloatArray
from fer_edge.training.averaging import AveragedWeights
from fer_edge.training.batches import ShuffledBatches
from fer_edge.training.checkpoint import BEST_NAME, RunState, SaveEveryEpoch, TrainingProgress
from fer_edge.training.compiling import compiled_model, recipe_callbacks
from fer_edge.training.distill import load_teachers
from fer_edge.training.distributed.distribute import Team
from fer_edge.training.divergence import StopAtDivergence
from fer_edge.training.networks.architectures import BACKBONES, build, load_pretrained
from fer_edge.training.networks.blocks import Task
from fer_edge.training.observer import EpochClock, ObserverCallback, TrainingObserver
from fer_edge.training.recipe import MixedPrecision, Recipe
from fer_edge.training.run_folder import STATE_NAME
from fer_edge.training.starting import start_from, statistics_images
from fer_edge.training.targets import learning_targets, with_expression, with_truth
from fer_edge.training.temperature import Calibration, calibrate, hold_back
from fer_edge.training.views import Views

_VALIDATION_BATCH = 256


@dataclass(frozen=True)
class Trained:
    """Result of a training run.

    Attributes:
        model: Plain float32 architecture with the weights of the best validation accuracy.
        progress: Epochs done, their history and time.
        interruption: Exception of Ctrl-C or SIGTERM, if it ended the run early.
        epochs: Maximum number of epochs.
        temperature: Divisor of the last layer's logits, fitted after training; None if none was fitted.
        no_temperature: Reason why none was fitted though images were to be held back; empty otherwise.
    """

    model: keras.Model
    progress: TrainingProgress
    interruption: KeyboardInterrupt | None
    epochs: int
    temperature: float | None = None
    no_temperature: str = ""

    @property
    def ended_by(self) -> str:
        """Cause of the end of training, in words."""
        if self.interruption is not None:
            return "interruption"
        return "the number of epochs" if self.progress.epochs_done == self.epochs else "early stopping"


def train(
    dataset: Dataset,
    recipe: Recipe,
    checkpoints: Path,
    *,
    observer: TrainingObserver,
    resume: bool = False,
    team: Team | None = None,
) -> Trained:
    """Train `recipe`'s network on the training split, choosing epochs on the validation split.

    Args:
        dataset: Labelled faces.
        recipe: Recipe to train by.
        checkpoints: Folder of the state, to resume from; no two workers of a team may share it.
        observer: Notified of every step and epoch.
        resume: Resume after the last complete epoch in `checkpoints`; in a team, in the chief's.
        team: Workers to train together with, each of which calls this function and gets the same result.

    Returns:
        The best model so far, also after Ctrl-C.

    Raises:
        DataError: If there is nothing to resume, or votes leave no image to train on.
        DivergenceError: If the loss or the weights are no longer finite; the last whole epoch's state is kept.
        FerEdgeError: If another worker of the team is lost, or the ImageNet weights cannot be downloaded.
        InputError: If a team is to reuse teachers' scores (`distill_views`), or the file of the ImageNet weights is
            missing or cannot be used.
        ModelError: If a teacher or the model to start from cannot be loaded.
        KeyboardInterrupt: If Ctrl-C was pressed before the first epoch was complete.
    """
    keras.utils.set_random_seed(recipe.seed)
    training, held_back = (
        with_expression(part, recipe.votes_weight) for part in hold_back(dataset.train, recipe.held_back)
    )
    if not len(training):
        raise DataError("people call every training image something else than its classes; learn labels, not votes")
    views = _views(recipe, checkpoints, training, resume=resume, team=team)
    batches = ShuffledBatches(
        training, recipe, teach=_teachers(recipe, dataset.classes), share=team.share if team else None, views=views
    )
    with team.scope() if team else nullcontext():
        model = compiled_model(recipe, batches.num_batches, _task_of(dataset))
    if not resume:
        _set_first_weights(model, recipe, training)
    callbacks = recipe_callbacks(recipe, checkpoints)
    if recipe.ema:
        callbacks.append(AveragedWeights(statistics_images(training, recipe), recipe.batch_size))
    state = RunState(checkpoints, model, callbacks)
    if resume:
        state.settle()
    if resume and team:
        team.send(checkpoints / STATE_NAME)
        team.send(checkpoints / BEST_NAME)
    progress = state.restore() if resume else TrainingProgress()
    if resume:  # `fit` restores the state once more
        _load_weights(model, checkpoints / BEST_NAME)  # before hours of training, after which they are needed
    interruption = None
    if not progress.finished:
        batches.start_at(progress.epochs_done)
        interruption = _fit(model, batches, dataset.validation, recipe, callbacks, state, progress, observer, team)
    if views and progress.finished:
        views.remove()
    best = _best_model(recipe, model, checkpoints / BEST_NAME, _task_of(dataset))
    calibration = calibrate(best, held_back, recipe.votes_weight) if recipe.held_back else Calibration()
    return Trained(best, progress, interruption, recipe.epochs, calibration.temperature, calibration.reason)


def _task_of(dataset: Dataset) -> Task:
    return Task(dataset.train.form, len(dataset.classes))


def _set_first_weights(model: keras.Model, recipe: Recipe, training: Split) -> None:
    if recipe.start_from:
        start_from(model, Path(recipe.start_from), training, recipe)
    elif recipe.arch in BACKBONES:
        load_pretrained(model, recipe.arch, Path(recipe.pretrained_weights) if recipe.pretrained_weights else None)


def _teachers(recipe: Recipe, classes: tuple[str, ...]) -> Callable[[FloatArray], FloatArray] | None:
    if not recipe.teachers:
        return None
    # Independent of the student's precision: dense teachers gain most from it.
    bfloat16 = MixedPrecision.AUTO.enabled()
    return load_teachers(
        recipe.teachers, recipe.distill_temperature, bfloat16=bfloat16, mirrored=recipe.flip, classes=classes
    )


def _views(recipe: Recipe, folder: Path, training: Split, *, resume: bool, team: Team | None) -> Views | None:
    if not recipe.distill_views:
        return None
    if team:
        raise InputError("distill_views works on one machine only: set it to 0, or train without other workers")
    shape, classes = training.form.image_shape, len(training.classes)
    return Views(folder, recipe.distill_views, len(training), resume=resume, image_shape=shape, classes=classes)


def _fit(
    model: keras.Model,
    batches: ShuffledBatches,
    validation: Split,
    recipe: Recipe,
    callbacks: list[keras.callbacks.Callback],
    state: RunState,
    progress: TrainingProgress,
    observer: TrainingObserver,
    team: Team | None,
) -> KeyboardInterrupt | None:
    observer.on_start(progress.epochs_done, recipe.epochs, batches.num_batches)
    faces = with_truth(validation, recipe.votes_weight)
    judged = faces.inputs(), learning_targets(faces, recipe.votes_weight)
    saving = SaveEveryEpoch(state, progress, progress.epochs_done > 0, recipe.epochs)
    how: dict[str, Any] = {
        "epochs": recipe.epochs,
        "initial_epoch": progress.epochs_done,
        "callbacks": [
            StopAtDivergence(recipe, batches.num_batches),
            *callbacks,
            EpochClock(progress),
            saving,
            ObserverCallback(observer),
        ],
    }
    try:
        if team:
            team.fit(model, batches, judged, validation_batch=_VALIDATION_BATCH, **how)
            return None
        model.fit(
            batches,
            shuffle=False,  # or Keras would shuffle the batches too, from a state that is not saved
            validation_data=judged,
            validation_batch_size=_VALIDATION_BATCH,
            verbose=0,
            **how,
        )
    except KeyboardInterrupt as interruption:
        if progress.epochs_done == 0:
            raise
        return interruption
    return None


def _best_model(recipe: Recipe, trained: keras.Model, best: Path, task: Task) -> keras.Model:
    """Return the plain architecture with the weights in `best`, which load only into layers of their own classes."""
    _load_weights(trained, best)
    plain = build(recipe.arch, task=task)
    plain.set_weights(trained.get_weights())
    return plain


def _load_weights(model: keras.Model, best: Path) -> None:
    try:
        model.load_weights(best)
        if not all(np.isfinite(weights).all() for weights in model.get_weights()):
            raise ValueError("its weights are not finite")
    except Exception as error:  # h5py and Keras raise whatever damaged bytes lead to
        raise DataError(f"{best} is damaged ({first_line(error)}); overwrite the run") from error
