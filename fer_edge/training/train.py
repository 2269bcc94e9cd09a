"""Train a network on labelled faces, resumably, into a run folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError, InputError, first_line
from fer_edge.training.architectures import BACKBONES, LayerSet, build, load_pretrained
from fer_edge.training.augment import augment
from fer_edge.training.batches import ShuffledBatches
from fer_edge.training.checkpoint import (
    BEST_NAME,
    AveragedWeights,
    Progress,
    RunState,
    SaveEveryEpoch,
    best_checkpoint,
)
from fer_edge.training.data import Dataset, Split
from fer_edge.training.distill import load_teachers
from fer_edge.training.distribute import Team
from fer_edge.training.divergence import StopAtDivergence
from fer_edge.training.keras_file import KerasClassifier
from fer_edge.training.layers import ByteDropout, FusedBatchNormalization
from fer_edge.training.recipe import MixedPrecision, Recipe
from fer_edge.training.run_folder import STATE_NAME
from fer_edge.training.targets import learning_targets, with_expression, with_truth
from fer_edge.training.temperature import Calibration, calibrate, hold_back
from fer_edge.training.unfold import unfold
from fer_edge.training.views import Views

FloatArray = npt.NDArray[np.float32]

_VALIDATION_BATCH = 256
_STATISTICS_IMAGES = 30 * 128


class TrainingObserver(Protocol):
    """What is told how training goes, to show it."""

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        """Training begins after `epochs_done` epochs, of at most `epochs` with `steps` each."""

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Step `step`, from 1, of the epoch is done."""

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Epoch `epoch`, from 1, is done and saved."""


@dataclass(frozen=True)
class Trained:
    """What a training run came to.

    Attributes:
        model: The plain float32 architecture with the weights of the best validation accuracy.
        progress: Epochs done, their history, the time they took.
        interruption: Ctrl-C's or SIGTERM's exception, if one ended it early.
        epochs: How many it was to have at most.
        temperature: What the last layer's logits were divided by after training; `None` if that was not fitted.
        no_temperature: Why it was not, though images were to be held back for it.
    """

    model: keras.Model
    progress: Progress
    interruption: KeyboardInterrupt | None
    epochs: int
    temperature: float | None = None
    no_temperature: str = ""

    @property
    def ended_by(self) -> str:
        """What ended training, in words."""
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
        recipe: What to train, and how.
        checkpoints: Folder for the state that `resume` goes on from; no two workers of a team may share it.
        observer: Told of every step and epoch.
        resume: Continue from the last whole epoch in `checkpoints`; in a team, in the chief's.
        team: The workers to train together with, each of which calls this and gets the same result.

    Returns:
        The best model so far, also after Ctrl-C.

    Raises:
        DataError: If there is nothing to resume.
        DivergenceError: If the loss or the weights are no longer finite; the last whole epoch's state is kept.
        FerEdgeError: If another worker of the team is lost, or ImageNet's weights cannot be fetched.
        InputError: If a team is asked to keep views, or the file of ImageNet's weights is missing or cannot be used.
        ModelError: If a teacher or the model to start from cannot be loaded.
        KeyboardInterrupt: If Ctrl-C came before the first epoch was done.
    """
    keras.utils.set_random_seed(recipe.seed)
    training, held_back = (
        with_expression(part, recipe.votes_weight) for part in hold_back(dataset.train, recipe.held_back)
    )
    views = _views(recipe, checkpoints, len(training), resume=resume, team=team)
    batches = ShuffledBatches(
        training, recipe, teach=_teachers(recipe), share=team.share if team else None, views=views
    )
    with team.scope() if team else nullcontext():
        model = compiled_model(recipe, batches.num_batches)
    if not resume:
        _set_first_weights(model, recipe, training)
    callbacks = recipe_callbacks(recipe, checkpoints)
    if recipe.ema:
        callbacks.append(AveragedWeights(_statistics_images(training, recipe), recipe.batch_size))
    state = RunState(checkpoints, model, callbacks)
    if resume and team:
        team.send(checkpoints / STATE_NAME)
        team.send(checkpoints / BEST_NAME)
    progress = state.restore() if resume else Progress()
    if resume:  # `fit` restores the state once more
        _load_weights(model, checkpoints / BEST_NAME)  # before hours of training, after which they are needed
    interruption = None
    if not progress.finished:
        batches.start_at(progress.epochs_done)
        interruption = _fit(model, batches, dataset.validation, recipe, callbacks, state, progress, observer, team)
    if views and progress.finished:
        views.remove()
    best = _best_model(recipe, model, checkpoints / BEST_NAME)
    calibration = calibrate(best, held_back, recipe.votes_weight) if recipe.held_back else Calibration()
    return Trained(best, progress, interruption, recipe.epochs, calibration.temperature, calibration.reason)


def _set_first_weights(model: keras.Model, recipe: Recipe, training: Split) -> None:
    start = Path(recipe.start_from)
    if start.suffix.lower() == ".tflite":
        model.set_weights(unfold(start, _statistics_images(training, recipe)).get_weights())
    elif recipe.start_from:
        model.set_weights(KerasClassifier.load(start).model.get_weights())
    elif recipe.arch in BACKBONES:
        load_pretrained(model, recipe.arch, Path(recipe.pretrained_weights) if recipe.pretrained_weights else None)


def compiled_model(recipe: Recipe, steps: int) -> keras.Model:
    """Build and compile `recipe`'s network, of `steps` an epoch, from the layers that train fastest."""
    model = build(recipe.arch, bfloat16=recipe.bfloat16, layers=LayerSet(FusedBatchNormalization, ByteDropout))
    model.compile(
        optimizer=_optimizer(recipe, steps),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
        jit_compile=False,  # XLA took five times as long on a CPU
    )
    model.optimizer.build(model.trainable_variables)
    return model


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = recipe.learning_rate
    if recipe.cosine:
        warmup = round(recipe.warmup_epochs * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            0.0 if warmup else rate,
            max(recipe.epochs * steps - warmup, 1),
            warmup_target=rate if warmup else None,
            warmup_steps=warmup,
        )
    averaging = {"use_ema": True, "ema_momentum": _momentum(recipe, steps)} if recipe.ema else {}
    if not recipe.weight_decay:
        return keras.optimizers.Adam(rate, **averaging)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay, **averaging)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _momentum(recipe: Recipe, steps: int) -> float:
    """Of the average, which reaches over a fifth of a run at most: more would be of weights that know nothing yet."""
    return max(min(recipe.ema, 1 - 5 / (recipe.epochs * steps)), 0.0)


def recipe_callbacks(recipe: Recipe, checkpoints: Path) -> list[keras.callbacks.Callback]:
    """What watches training: the documented callbacks, with `val_accuracy` where the original's `val_acc` is gone."""
    callbacks: list[keras.callbacks.Callback] = [best_checkpoint(checkpoints)]
    if recipe.stop_patience:
        callbacks.append(
            keras.callbacks.EarlyStopping(
                monitor="val_loss", mode="min", patience=recipe.stop_patience, restore_best_weights=True
            )
        )
    if recipe.reduce_patience:
        callbacks.append(
            keras.callbacks.ReduceLROnPlateau(
                monitor="val_loss",
                mode="min",
                factor=recipe.reduce_factor,
                patience=recipe.reduce_patience,
                min_delta=recipe.reduce_min_delta,
            )
        )
    return callbacks


def _statistics_images(split: Split, recipe: Recipe) -> FloatArray:
    """Training images, changed as in training, to measure BatchNormalization's statistics on."""
    rng = np.random.default_rng(recipe.seed)
    rows = rng.permutation(len(split))[:_STATISTICS_IMAGES]
    return augment(split.images[rows], recipe, rng)[..., np.newaxis]


def _teachers(recipe: Recipe) -> Callable[[FloatArray], FloatArray] | None:
    if not recipe.teachers:
        return None
    # Whatever the network itself computes in: dense teachers gain most from it.
    bfloat16 = MixedPrecision.AUTO.enabled()
    return load_teachers(recipe.teachers, recipe.distill_temperature, bfloat16=bfloat16, mirrored=recipe.flip)


def _views(recipe: Recipe, folder: Path, images: int, *, resume: bool, team: Team | None) -> Views | None:
    if not recipe.distill_views:
        return None
    if team:
        raise InputError("--distill-views works on one machine: leave it out, or --workers")
    return Views(folder, recipe.distill_views, images, resume=resume)


def _fit(
    model: keras.Model,
    batches: ShuffledBatches,
    validation: Split,
    recipe: Recipe,
    callbacks: list[keras.callbacks.Callback],
    state: RunState,
    progress: Progress,
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
            _Clock(progress),
            saving,
            _Report(observer),
        ],
    }
    try:
        if team:
            team.fit(model, batches, judged, validation_batch=_VALIDATION_BATCH, **how)
            return None
        model.fit(
            batches,
            shuffle=False,  # or Keras would shuffle the batches too, from a state that no checkpoint holds
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


def _best_model(recipe: Recipe, trained: keras.Model, best: Path) -> keras.Model:
    """The plain architecture with the weights in `best`, which load only into layers of the classes that made them."""
    _load_weights(trained, best)
    plain = build(recipe.arch)
    plain.set_weights(trained.get_weights())
    return plain


def _load_weights(model: keras.Model, best: Path) -> None:
    try:
        model.load_weights(best)
        if not all(np.isfinite(weights).all() for weights in model.get_weights()):
            raise ValueError("its weights are not finite")
    except Exception as error:  # h5py and Keras raise whatever damaged bytes lead to
        raise DataError(f"{best} is damaged ({first_line(error)}); train again with --overwrite") from error


class _Clock(keras.callbacks.Callback):
    """Adds each epoch's time to its logs and to the run's total."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        seconds = time.perf_counter() - self._began
        self._progress.seconds += seconds
        if logs is not None:
            logs["seconds"] = seconds
            logs.setdefault("learning_rate", float(np.asarray(self.model.optimizer.learning_rate)))


class _Report(keras.callbacks.Callback):
    """Passes Keras' events on to a `TrainingObserver`."""

    def __init__(self, observer: TrainingObserver) -> None:
        super().__init__()
        self._observer = observer

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._observer.on_step(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._observer.on_epoch(epoch + 1, logs or {})
