from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_edge.errors import DataError, InputError, ModelError
from fer_edge.labels import FER2013_ORDER
from fer_edge.metrics import evaluate_scores
from fer_edge.model_card import ModelCard, add_card_to_keras
from fer_edge.training.architectures import ARCHITECTURES, BACKBONES
from fer_edge.training.checkpoint import BEST_NAME, AveragedWeights
from fer_edge.training.data import Dataset, Split, SplitName
from fer_edge.training.distill import load_teachers
from fer_edge.training.keras_file import KerasClassifier, save_keras
from fer_edge.training.recipe import RECIPES, MixedPrecision, Recipe
from fer_edge.training.run_folder import STATE_NAME, RunFolder
from fer_edge.training.synthetic import synthetic_dataset
from fer_edge.training.targets import one_hot
from fer_edge.training.temperature import fit_temperature, hold_back
from fer_edge.training.train import Trained, compiled_model, recipe_callbacks, train


class Observer:
    """Remembers what it is told, and presses Ctrl-C at a step of an epoch, both from 1."""

    def __init__(self, interrupt_at: tuple[int, int] | None = None) -> None:
        self.interrupt_at = interrupt_at
        self.starts: list[tuple[int, int, int]] = []
        self.steps: list[int] = []
        self.epochs: list[int] = []

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        self.starts.append((epochs_done, epochs, steps))
        self._epoch = epochs_done + 1

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        self.steps.append(step)
        if self.interrupt_at == (self._epoch, step):
            raise KeyboardInterrupt

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        self.epochs.append(epoch)
        self._epoch = epoch + 1


@pytest.fixture(scope="module")
def data(faces: Dataset) -> Dataset:
    """Faces whose validation labels nothing can learn: the validation loss soon rises, and both callbacks act."""
    validation = faces.validation
    labels = np.random.default_rng(0).permutation(validation.labels)
    shuffled = Split(validation.images, labels, validation.names)
    return Dataset("shuffled", {SplitName.TRAIN: faces.train, SplitName.VALIDATION: shuffled})


@pytest.fixture(scope="module")
def recipe(tiny_architecture: str) -> Recipe:
    """As short a run as has a falling learning rate and an early end."""
    return Recipe(
        arch=tiny_architecture,
        epochs=14,
        batch_size=16,
        learning_rate=2e-3,
        stop_patience=4,
        reduce_patience=2,
        reduce_min_delta=0.01,
        seed=5,
    )


@pytest.fixture(scope="module")
def straight(data: Dataset, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    """The recipe without interruption."""
    folder = tmp_path_factory.mktemp("straight")
    return train(data, recipe, folder, observer=Observer()), folder


def without_times(history: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in history]


def saved_state(folder: Path) -> tuple[dict[str, bytes], Any]:
    """Every array in a state file, bit by bit, and its facts without times."""
    with np.load(folder / STATE_NAME) as saved:
        arrays = {name: saved[name].tobytes() for name in saved.files if name != "facts"}
        facts = json.loads(str(saved["facts"]))
    facts["progress"]["history"] = without_times(facts["progress"]["history"])
    del facts["progress"]["seconds"]
    return arrays, facts


def require_same(one: tuple[Trained, Path], other: tuple[Trained, Path]) -> None:
    assert without_times(one[0].progress.history) == without_times(other[0].progress.history)
    weights = zip(one[0].model.get_weights(), other[0].model.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in weights)
    assert saved_state(one[1]) == saved_state(other[1])


def test_the_documented_recipe() -> None:
    recipe = Recipe()
    checkpoint, stopping, plateau = recipe_callbacks(recipe, Path("x"))
    assert (recipe.batch_size, recipe.epochs, recipe.learning_rate) == (128, 48, 1e-4)
    assert (checkpoint.monitor, checkpoint.save_best_only) == ("val_accuracy", True)
    assert (stopping.monitor, stopping.patience, stopping.restore_best_weights) == ("val_loss", 3, True)
    assert (plateau.monitor, plateau.patience, plateau.factor, plateau.min_delta) == ("val_loss", 3, 0.2, 1e-4)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "epochs must be at least 1, got 0"),
        ("batch_size", 0, "batch-size must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning-rate must be above 0"),
        ("learning_rate", math.nan, "learning-rate must be a finite number, got nan"),
        ("learning_rate", math.inf, "learning-rate must be a finite number, got inf"),
        ("weight_decay", math.inf, "weight-decay must be a finite number, got inf"),
        ("seed", -1, "seed must lie in"),
        ("mixup", -0.1, "mixup must be at least 0, got -0.1"),
        ("ema", 1.0, "ema must be at least 0 and below 1, got 1.0"),
        ("label_smoothing", math.nan, "label-smoothing must be a finite number"),
        ("erase", 1.5, "erase must lie in 0..1, got 1.5"),
        ("distill_temperature", 0, "distill-temperature must be above 0"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Recipe(**{name: value})


@pytest.mark.parametrize(("choice", "enabled"), [(MixedPrecision.ON, True), (MixedPrecision.OFF, False)])
def test_mixed_precision_can_be_forced(choice: MixedPrecision, enabled: bool) -> None:
    assert choice.enabled() is enabled
    assert MixedPrecision.AUTO.enabled() in (True, False)


def test_the_observer_hears_of_every_step_and_epoch(data: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    observer = Observer(interrupt_at=(3, 1))
    train(data, recipe, tmp_path, observer=observer)
    steps = math.ceil(len(data.train) / 16)
    assert observer.starts == [(0, 14, steps)]
    assert observer.steps == [*range(1, steps + 1)] * 2 + [1]
    assert observer.epochs == [1, 2]


def test_the_model_is_that_of_the_best_validation_accuracy(straight: tuple[Trained, Path], data: Dataset) -> None:
    trained, _ = straight
    accuracies = [row["val_accuracy"] for row in trained.progress.history]
    scores = trained.model.predict_on_batch(data.validation.inputs())
    accuracy = evaluate_scores(scores, data.validation.labels).accuracy
    assert accuracy == pytest.approx(max(accuracies), abs=1e-6)
    assert trained.progress.best_epoch == accuracies.index(max(accuracies)) + 1
    # Otherwise this would not tell the best epoch from the last.
    assert max(accuracies) > accuracies[-1]


def test_stopping_and_learning_rate_follow_the_validation_loss(straight: tuple[Trained, Path], recipe: Recipe) -> None:
    """Both callbacks computed again from their definitions."""
    history = straight[0].progress.history
    rate, lowest, waited = recipe.learning_rate, math.inf, 0
    rates, best, since_best, stopped_at = [], math.inf, 0, None
    for epoch, row in enumerate(history, start=1):
        rates.append(rate)
        lowest, waited = (
            (row["val_loss"], 0) if row["val_loss"] < lowest - recipe.reduce_min_delta else (lowest, waited + 1)
        )
        if waited >= recipe.reduce_patience:
            rate, waited = rate * recipe.reduce_factor, 0
        best, since_best = (row["val_loss"], 0) if row["val_loss"] < best else (best, since_best + 1)
        if since_best >= recipe.stop_patience:
            stopped_at = epoch
            break
    assert [row["learning_rate"] for row in history] == pytest.approx(rates, rel=1e-5)
    assert len(set(rates)) > 1
    assert stopped_at == len(history) < recipe.epochs
    assert straight[0].ended_by == "early stopping"


def test_the_same_seed_gives_the_same_bits(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    require_same((train(data, recipe, tmp_path, observer=Observer()), tmp_path), straight)


def test_another_seed_gives_other_weights(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    other = Recipe(**{**vars(recipe), "seed": 6, "epochs": 1})
    trained = train(data, other, tmp_path, observer=Observer())
    assert trained.progress.history[0]["loss"] != straight[0].progress.history[0]["loss"]
    assert trained.ended_by == "the number of epochs"


@pytest.mark.parametrize("epoch", [3, 8])
def test_an_interrupted_run_goes_on_to_the_same_bits(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, epoch: int
) -> None:
    assert len(straight[0].progress.history) > epoch
    first = train(data, recipe, tmp_path, observer=Observer(interrupt_at=(epoch, 3)))
    assert first.interruption is not None
    assert (first.ended_by, first.progress.epochs_done) == ("interruption", epoch - 1)
    assert first.progress.best_epoch <= epoch - 1
    observer = Observer()
    second = train(data, recipe, tmp_path, observer=observer, resume=True)
    assert observer.starts[0][0] == epoch - 1
    assert observer.epochs[0] == epoch
    require_same((second, tmp_path), straight)
    assert second.progress.seconds > first.progress.seconds


def test_a_run_interrupted_twice_goes_on_to_the_same_bits(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    train(data, recipe, tmp_path, observer=Observer(interrupt_at=(3, 1)))
    train(data, recipe, tmp_path, observer=Observer(interrupt_at=(10, 5)), resume=True)
    require_same((train(data, recipe, tmp_path, observer=Observer(), resume=True), tmp_path), straight)


def test_a_pretrained_network_starts_from_its_weights_and_goes_on_from_its_own(
    data: Dataset, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Backbone:
        loaded = 0

        def load_imagenet(self, model: keras.Model) -> None:
            self.loaded += 1
            kernel, bias = model.layers[1].get_weights()
            model.layers[1].set_weights([np.full_like(kernel, 0.25), bias])

    backbone = Backbone()
    monkeypatch.setitem(BACKBONES, recipe.arch, backbone)
    short = replace(recipe, epochs=2, learning_rate=1e-9)
    interrupted = train(data, short, tmp_path, observer=Observer(interrupt_at=(2, 1)))
    assert interrupted.model.layers[1].get_weights()[0] == pytest.approx(0.25, abs=1e-6)
    train(data, short, tmp_path, observer=Observer(), resume=True)
    assert backbone.loaded == 1


def test_another_runs_weights_are_started_from(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    trained, _ = straight
    save_keras(trained.model, ModelCard("first", recipe.arch), tmp_path / "first.keras")
    still = replace(recipe, epochs=1, learning_rate=1e-9, start_from=str(tmp_path / "first.keras"))
    again = train(data, still, tmp_path / "again", observer=Observer())
    for weights, first in zip(again.model.trainable_weights, trained.model.trainable_weights, strict=True):
        assert np.asarray(weights) == pytest.approx(np.asarray(first), abs=1e-6)


def test_ctrl_c_before_the_first_epoch_leaves_nothing_to_resume(data: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(data, recipe, tmp_path, observer=Observer(interrupt_at=(1, 2)))
    with pytest.raises(DataError, match="nothing to resume"):
        train(data, recipe, tmp_path, observer=Observer(), resume=True)


def test_a_finished_run_is_not_trained_further(straight: tuple[Trained, Path], data: Dataset, recipe: Recipe) -> None:
    observer = Observer()
    before = (straight[1] / STATE_NAME).read_bytes()
    require_same((train(data, recipe, straight[1], observer=observer, resume=True), straight[1]), straight)
    assert (observer.starts, observer.steps) == ([], [])
    assert (straight[1] / STATE_NAME).read_bytes() == before


@pytest.mark.parametrize("damage", ["empty", "text", "truncated", "flipped", "no facts"])
def test_a_damaged_state_is_a_data_error(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, damage: str
) -> None:
    content = (straight[1] / STATE_NAME).read_bytes()
    state = tmp_path / STATE_NAME
    if damage == "no facts":
        with state.open("wb") as file:
            np.savez(file, variable_0=np.zeros(3))
    else:
        middle = len(content) // 2
        damaged = {
            "empty": b"",
            "text": b"no state",
            "truncated": content[:middle],
            "flipped": content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :],
        }
        state.write_bytes(damaged[damage])
    with pytest.raises(DataError, match=STATE_NAME):
        train(data, recipe, tmp_path, observer=Observer(), resume=True)


def change_facts(path: Path, *keys: Any) -> None:
    """Set a value in a state's facts: the last of `keys`, in the place that the others lead to."""
    *way, last, value = keys
    with np.load(path) as saved:
        arrays = dict(saved)
    facts = place = json.loads(str(arrays["facts"]))
    for key in way:
        place = place[key]
    place[last] = value
    with path.open("wb") as file:
        np.savez(file, **{**arrays, "facts": np.array(json.dumps(facts))})


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        (("callbacks", 0, "model", 1), "another network"),
        (("callbacks", 0, "best", 10**400), "damaged"),
        (("callbacks", 0, "best", ""), "damaged"),
        (("progress", "history", 0, "loss", 10**400), "damaged"),
        (("progress", "history", 0, "more", 1), "damaged"),
        (("progress", "history", 0, {"val_accuracy": 1}), "damaged"),
        (("progress", "epochs_done", 1), "damaged"),
        (("progress", "seconds", "1"), "damaged"),
    ],
)
def test_a_state_with_other_facts_is_a_data_error(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, keys: tuple[Any, ...], fault: str
) -> None:
    shutil.copytree(straight[1], tmp_path, dirs_exist_ok=True)
    change_facts(tmp_path / STATE_NAME, *keys)
    with pytest.raises(DataError, match=fault):
        train(data, recipe, tmp_path, observer=Observer(), resume=True)


@pytest.mark.parametrize("name", ["best_0", "variable_0"])
@pytest.mark.parametrize("change", ["float64", "complex64", "str", "shape", "missing"])
def test_a_state_with_other_arrays_is_a_data_error(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, name: str, change: str
) -> None:
    shutil.copytree(straight[1], tmp_path, dirs_exist_ok=True)
    with np.load(tmp_path / STATE_NAME) as saved:
        arrays = dict(saved)
    known = arrays.pop(name)
    if change != "missing":
        arrays[name] = known[:1] if change == "shape" else known.astype(change)
    with (tmp_path / STATE_NAME).open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(DataError, match=STATE_NAME):
        train(data, recipe, tmp_path, observer=Observer(), resume=True)


@pytest.mark.parametrize("damage", ["empty", "truncated", "not finite", "missing"])
def test_damaged_best_weights_are_a_data_error_before_training(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, damage: str
) -> None:
    shutil.copytree(straight[1], tmp_path, dirs_exist_ok=True)
    change_facts(tmp_path / STATE_NAME, "progress", "finished", False)
    best = tmp_path / BEST_NAME
    if damage == "missing":
        best.unlink()
    elif damage == "not finite":
        with pytest.importorskip("h5py").File(best, "r+") as file:
            next(iter(weights_in(file)))[...] = np.nan
    else:
        best.write_bytes(best.read_bytes()[: 0 if damage == "empty" else 3000])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    observer = Observer()
    with pytest.raises(DataError, match=rf"{BEST_NAME} is damaged .*; train again with --overwrite"):
        train(data, recipe, tmp_path, observer=observer, resume=True)
    assert observer.steps == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def weights_in(file: Any) -> list[Any]:
    """Datasets of floating-point weights in an HDF5 file."""
    found: list[Any] = []
    file.visititems(lambda _, one: found.append(one) if hasattr(one, "shape") and one.dtype.kind == "f" else None)
    return found


def test_a_state_of_another_network_is_a_data_error(
    straight: tuple[Trained, Path], data: Dataset, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(_: Any = None) -> keras.Model:
        inputs = keras.Input((48, 48, 1))
        return keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(keras.layers.Flatten()(inputs)))

    monkeypatch.setitem(ARCHITECTURES, "tiny", other)
    with pytest.raises(DataError, match="another network"):
        train(data, recipe, straight[1], observer=Observer(), resume=True)


def test_the_checkpoints_are_whole_and_alone(straight: tuple[Trained, Path]) -> None:
    assert {path.name for path in straight[1].iterdir()} == {BEST_NAME, STATE_NAME}


def test_a_bfloat16_run_leaves_a_plain_float32_model(data: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    mixed = Recipe(**{**vars(recipe), "bfloat16": True, "epochs": 2})
    assert compiled_model(mixed, 1).layers[1].compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    trained = train(data, mixed, tmp_path, observer=Observer())
    path = tmp_path / "model.keras"
    save_keras(trained.model, ModelCard("tiny", "tiny"), path)
    loaded = keras.models.load_model(path, compile=False)
    assert {layer.dtype_policy.name for layer in loaded.layers} == {"float32"}
    assert {type(layer).__module__.split(".")[0] for layer in loaded.layers} == {"keras"}
    accuracy = evaluate_scores(loaded.predict_on_batch(data.validation.inputs()), data.validation.labels).accuracy
    assert accuracy == pytest.approx(max(row["val_accuracy"] for row in trained.progress.history), abs=0.03)


@pytest.fixture(scope="module")
def modern(tiny_architecture: str) -> Recipe:
    """Every part of the modern recipe, for few epochs."""
    return replace(RECIPES["modern"], arch=tiny_architecture, epochs=5, batch_size=16, held_back=0.4, ema=0.9, seed=2)


@pytest.fixture(scope="module")
def modern_run(data: Dataset, modern: Recipe, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Path]:
    folder = tmp_path_factory.mktemp("modern")
    return train(data, modern, folder, observer=Observer()), folder


def test_a_modern_run_resumes_to_the_same_result(
    modern_run: tuple[Trained, Path], data: Dataset, modern: Recipe, tmp_path: Path
) -> None:
    assert train(data, modern, tmp_path, observer=Observer(interrupt_at=(4, 3))).interruption is not None
    resumed = train(data, modern, tmp_path, observer=Observer(), resume=True)
    require_same(modern_run, (resumed, tmp_path))
    assert resumed.temperature == modern_run[0].temperature


def test_the_learning_rate_rises_and_falls(modern_run: tuple[Trained, Path], modern: Recipe) -> None:
    rates = [row["learning_rate"] for row in modern_run[0].progress.history]
    assert rates[1] == pytest.approx(modern.learning_rate)
    assert 0 < rates[0] < rates[1] > rates[2] > rates[3] > rates[4] == pytest.approx(0, abs=1e-8)


def test_the_averaged_weights_are_what_is_measured_and_kept(
    modern_run: tuple[Trained, Path], data: Dataset, modern: Recipe, tmp_path: Path
) -> None:
    trained, folder = modern_run
    validation = data.validation
    best = trained.progress.history[trained.progress.best_epoch - 1]
    scores = trained.model.predict(validation.inputs(), verbose=0)
    # The temperature does not move the best class.
    assert evaluate_scores(scores, validation.labels).accuracy == pytest.approx(best["val_accuracy"])
    model = compiled_model(modern, 1)
    model.load_weights(folder / BEST_NAME)
    kept = [np.asarray(variable) for variable in model.variables]
    with np.load(folder / STATE_NAME) as saved:
        last = [saved[f"variable_{i}"] for i in range(len(kept))]
    assert not any(np.allclose(a, b) for a, b in zip(kept, last, strict=True) if a.ndim > 1)


@pytest.mark.parametrize(("epochs", "steps", "momentum"), [(66, 224, 0.998), (5, 50, 0.98), (1, 3, 0.0)])
def test_an_average_reaches_over_a_fifth_of_the_run_at_most(
    modern: Recipe, epochs: int, steps: int, momentum: float
) -> None:
    model = compiled_model(replace(modern, ema=0.998, epochs=epochs), steps)
    assert model.optimizer.ema_momentum == pytest.approx(momentum)


def test_averaged_weights_have_batch_statistics_of_their_own(modern: Recipe, faces: Dataset) -> None:
    """Over the images that they are measured on, each normalized channel has the mean and deviation it should."""
    model = compiled_model(modern, 1)
    images = faces.train.inputs()[:64]
    averaged = AveragedWeights(images, 64)
    averaged.set_model(model)
    for weights, average in zip(
        model.trainable_variables, model.optimizer._model_variables_moving_average, strict=True
    ):
        average.assign(weights)
    before = model.get_weights()
    averaged.on_test_begin()
    layer = next(x for x in model.layers if isinstance(x, keras.layers.BatchNormalization))
    normalized = keras.Model(model.input, layer.output).predict(images, verbose=0)
    assert normalized.mean(axis=(0, 1, 2)) == pytest.approx(0, abs=0.02)
    assert normalized.std(axis=(0, 1, 2)) == pytest.approx(1, abs=0.02)
    assert layer.momentum == keras.layers.BatchNormalization().momentum
    averaged.on_epoch_end(0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_what_is_held_back_is_not_trained_on(data: Dataset, modern: Recipe, tmp_path: Path) -> None:
    observer = Observer(interrupt_at=(1, 1))
    with pytest.raises(KeyboardInterrupt):
        train(data, modern, tmp_path, observer=observer)
    assert observer.starts == [(0, modern.epochs, math.ceil(len(data.train) * 0.6 / modern.batch_size))]


def test_the_temperature_is_fitted_on_what_is_held_back(tiny_run: RunFolder, recipe: Recipe, tmp_path: Path) -> None:
    """With a network that knows the expressions, and images that it has not seen."""
    unseen = synthetic_dataset(seed=9, train_per_class=40, validation_per_class=4)
    still = replace(recipe, epochs=1, learning_rate=1e-9, start_from=str(tiny_run.model), held_back=0.4)
    trained = train(unseen, still, tmp_path, observer=Observer())
    assert trained.no_temperature == ""
    assert trained.temperature is not None
    assert trained.temperature != 1
    # The temperature that is left to be found is 1.
    held = hold_back(unseen.train, 0.4)[1]
    scores = trained.model.predict(held.inputs(), verbose=0)
    assert fit_temperature(scores, one_hot(held.labels)) == pytest.approx(1, abs=1e-3)


def test_adamw_leaves_biases_and_normalization_alone(modern: Recipe) -> None:
    model = compiled_model(modern, 10)
    decayed = [v.path for v in model.trainable_variables if model.optimizer._use_weight_decay(v)]
    assert decayed
    assert all(path.endswith("kernel") for path in decayed)


def test_a_student_learns_from_its_teachers(
    tiny_run: RunFolder, modern: Recipe, faces: Dataset, tmp_path: Path
) -> None:
    """With labels that say nothing, all that it can learn comes from the teacher."""
    labels = np.random.default_rng(0).permutation(faces.train.labels)
    shuffled = Split(faces.train.images, labels, faces.train.names)
    dataset = Dataset("shuffled", {SplitName.TRAIN: shuffled, SplitName.VALIDATION: faces.validation})
    alone = Recipe(arch=modern.arch, epochs=15, batch_size=32, learning_rate=3e-3, stop_patience=0)
    taught = replace(alone, teachers=(str(tiny_run.model),), distill_weight=1.0, distill_views=4)
    accuracies = []
    for name, recipe in (("alone", alone), ("taught", taught)):
        history = train(dataset, recipe, tmp_path / name, observer=Observer()).progress.history
        accuracies.append(max(row["val_accuracy"] for row in history))
    assert accuracies[0] < 0.3
    assert accuracies[1] > accuracies[0] + 0.15
    assert not list((tmp_path / "taught").glob("views*")), "left when all is done"


@pytest.mark.parametrize(
    ("card", "message"),
    [(None, "it has no model card"), (ModelCard("own", "tiny", labels=FER2013_ORDER), "expected a teacher of angry")],
)
def test_teachers_without_our_labels_are_refused(
    tiny_classifier: KerasClassifier, tmp_path: Path, card: ModelCard | None, message: str
) -> None:
    path = tmp_path / "own.keras"
    tiny_classifier.model.save(path)
    if card is not None:
        add_card_to_keras(path, card)
    with pytest.raises(ModelError, match=message):
        load_teachers([str(path)], 1.0, bfloat16=False)


def test_teachers_are_averaged_and_softened(tiny_classifier: KerasClassifier, faces: Dataset) -> None:
    images = faces.validation.inputs()[:16]
    path = str(tiny_classifier.path)
    once = load_teachers([path], 1.0, bfloat16=False)(images)
    assert once == pytest.approx(tiny_classifier.classify_all(faces.validation.images[:16]), abs=1e-5)
    assert load_teachers([path, path], 1.0, bfloat16=False)(images) == pytest.approx(once, abs=1e-6)
    both = load_teachers([path], 1.0, bfloat16=False, mirrored=True)
    assert both(images) == pytest.approx(both(images[:, :, ::-1]), abs=1e-6)
    assert both(images) != pytest.approx(once, abs=1e-3)
    soft = load_teachers([path], 4.0, bfloat16=False)(images)
    assert (soft.argmax(axis=1) == once.argmax(axis=1)).all()
    assert (soft.max(axis=1) < once.max(axis=1)).all()
    assert load_teachers([path], 1.0, bfloat16=True)(images) == pytest.approx(once, abs=0.05)
