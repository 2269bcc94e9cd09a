"""Train a network on labelled faces, resumably, into a run folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras

from fer_edge.training.architectures import ARCHITECTURES, LayerSet
from fer_edge.training.batches import ShuffledBatches, one_hot
from fer_edge.training.checkpoint import BEST_NAME, Progress, RunState, SaveEveryEpoch, best_checkpoint
from fer_edge.training.data import Dataset
from fer_edge.training.layers import ByteDropout, FusedBatchNormalization
from fer_edge.training.recipe import Recipe

_VALIDATION_BATCH = 256


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
    """

    model: keras.Model
    progress: Progress
    interruption: KeyboardInterrupt | None
    epochs: int

    @property
    def ended_by(self) -> str:
        """What ended training, in words."""
        if self.interruption is not None:
            return "interruption"
        return "the number of epochs" if self.progress.epochs_done == self.epochs else "early stopping"


def train(
    dataset: Dataset, recipe: Recipe, checkpoints: Path, *, observer: TrainingObserver, resume: bool = False
) -> Trained:
    """Train `recipe`'s network on the training split, choosing epochs on the validation split.

    Args:
        dataset: Labelled faces.
        recipe: What to train, and how.
        checkpoints: Folder for the state that `resume` goes on from.
        observer: Told of every step and epoch.
        resume: Continue from the last whole epoch in `checkpoints`.

    Returns:
        The best model so far, also after Ctrl-C.

    Raises:
        DataError: If there is nothing to resume.
        KeyboardInterrupt: If Ctrl-C came before the first epoch was done.
    """
    keras.utils.set_random_seed(recipe.seed)
    model = compiled_model(recipe)
    callbacks = documented_callbacks(recipe, checkpoints)
    state = RunState(checkpoints, model, callbacks)
    progress = state.restore() if resume else Progress()
    interruption = None
    if not progress.finished:
        interruption = _fit(model, dataset, recipe, callbacks, state, progress, observer)
    return Trained(_best_model(recipe, model, checkpoints / BEST_NAME), progress, interruption, recipe.epochs)


def compiled_model(recipe: Recipe) -> keras.Model:
    """Build and compile `recipe`'s network from the layers that train fastest."""
    with _layers_in("mixed_bfloat16" if recipe.bfloat16 else "float32"):
        model = ARCHITECTURES[recipe.arch](LayerSet(FusedBatchNormalization, ByteDropout))
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.learning_rate),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,  # XLA took five times as long on a CPU
    )
    model.optimizer.build(model.trainable_variables)
    return model


def documented_callbacks(recipe: Recipe, checkpoints: Path) -> list[keras.callbacks.Callback]:
    """The documented callbacks, watching `val_accuracy` where the original's `val_acc` no longer exists."""
    return [
        best_checkpoint(checkpoints),
        keras.callbacks.EarlyStopping(
            monitor="val_loss", mode="min", patience=recipe.stop_patience, restore_best_weights=True
        ),
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss",
            mode="min",
            factor=recipe.reduce_factor,
            patience=recipe.reduce_patience,
            min_delta=recipe.reduce_min_delta,
        ),
    ]


@contextmanager
def _layers_in(policy: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _fit(
    model: keras.Model,
    dataset: Dataset,
    recipe: Recipe,
    callbacks: list[keras.callbacks.Callback],
    state: RunState,
    progress: Progress,
    observer: TrainingObserver,
) -> KeyboardInterrupt | None:
    batches = ShuffledBatches(dataset.train, recipe.batch_size, recipe.seed, progress.epochs_done)
    observer.on_start(progress.epochs_done, recipe.epochs, batches.num_batches)
    resumed = progress.epochs_done > 0
    try:
        model.fit(
            batches,
            shuffle=False,  # or Keras would shuffle the batches too, from a state that no checkpoint holds
            epochs=recipe.epochs,
            initial_epoch=progress.epochs_done,
            validation_data=(dataset.validation.inputs(), one_hot(dataset.validation.labels)),
            validation_batch_size=_VALIDATION_BATCH,
            callbacks=[
                *callbacks,
                _Clock(progress),
                SaveEveryEpoch(state, progress, resumed, recipe.epochs),
                _Report(observer),
            ],
            verbose=0,
        )
    except KeyboardInterrupt as interruption:
        if progress.epochs_done == 0:
            raise
        return interruption
    return None


def _best_model(recipe: Recipe, trained: keras.Model, best: Path) -> keras.Model:
    """The plain architecture with the weights in `best`, which load only into layers of the classes that made them."""
    trained.load_weights(best)
    plain = ARCHITECTURES[recipe.arch](None)
    plain.set_weights(trained.get_weights())
    return plain


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


class _Report(keras.callbacks.Callback):
    """Passes Keras' events on to a `TrainingObserver`."""

    def __init__(self, observer: TrainingObserver) -> None:
        super().__init__()
        self._observer = observer

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._observer.on_step(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._observer.on_epoch(epoch + 1, logs or {})
