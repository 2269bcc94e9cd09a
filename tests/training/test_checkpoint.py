from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError
from fer_edge.training.checkpoint import BEST_NAME, BestWeights
from fer_edge.training.compiling import compiled_model
from fer_edge.training.networks.architectures import ARCHITECTURES
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import STATE_NAME
from fer_edge.training.train import Trained, train
from tests.fakes.training_runs import Observer, require_same


def test_weights_that_do_not_fit_the_disk_are_not_begun(tiny_architecture: str, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # which Windows lacks
    saving = BestWeights(tmp_path)
    saving.set_model(compiled_model(Recipe(arch=tiny_architecture), 10))
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most))
    try:
        with pytest.raises(OSError, match="File too large") as failure:
            saving.on_epoch_end(0, {"val_accuracy": 0.5})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
    assert failure.value.filename == str(tmp_path / "new-best.weights.h5")
    assert not any(tmp_path.iterdir())
    saving.on_epoch_end(1, {"val_accuracy": 0.5})
    assert (tmp_path / "new-best.weights.h5").stat().st_size < saving.most_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [3, 8])
def test_resume_gives_identical_weights(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, epoch: int
) -> None:
    assert len(whole_run[0].progress.history) > epoch
    first = train(data, recipe, tmp_path, observer=Observer(interrupt_at=(epoch, 3)))
    assert first.interruption is not None
    assert (first.ended_by, first.progress.epochs_done) == ("interruption", epoch - 1)
    assert first.progress.best_epoch <= epoch - 1
    observer = Observer()
    second = train(data, recipe, tmp_path, observer=observer, resume=True)
    assert observer.starts[0][0] == epoch - 1
    assert observer.epochs[0] == epoch
    require_same((second, tmp_path), whole_run)
    assert second.progress.seconds > first.progress.seconds


@pytest.mark.slow
def test_resume_twice_gives_identical_weights(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    train(data, recipe, tmp_path, observer=Observer(interrupt_at=(3, 1)))
    train(data, recipe, tmp_path, observer=Observer(interrupt_at=(10, 5)), resume=True)
    require_same((train(data, recipe, tmp_path, observer=Observer(), resume=True), tmp_path), whole_run)


@pytest.mark.slow
def test_resume_of_modern_recipe_gives_identical_weights_and_temperature(
    modern_run: tuple[Trained, Path], data: Dataset, modern: Recipe, tmp_path: Path
) -> None:
    assert train(data, modern, tmp_path, observer=Observer(interrupt_at=(4, 3))).interruption is not None
    resumed = train(data, modern, tmp_path, observer=Observer(), resume=True)
    require_same(modern_run, (resumed, tmp_path))
    assert resumed.temperature == modern_run[0].temperature


def test_ctrl_c_before_first_epoch_leaves_nothing_to_resume(data: Dataset, recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(data, recipe, tmp_path, observer=Observer(interrupt_at=(1, 2)))
    with pytest.raises(DataError, match="nothing to resume"):
        train(data, recipe, tmp_path, observer=Observer(), resume=True)


def test_finished_run_is_not_trained_further(whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe) -> None:
    observer = Observer()
    before = (whole_run[1] / STATE_NAME).read_bytes()
    require_same((train(data, recipe, whole_run[1], observer=observer, resume=True), whole_run[1]), whole_run)
    assert (observer.starts, observer.steps) == ([], [])
    assert (whole_run[1] / STATE_NAME).read_bytes() == before


@pytest.mark.parametrize("damage", ["empty", "text", "truncated", "flipped", "no facts"])
def test_damaged_state_is_a_data_error(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, damage: str
) -> None:
    content = (whole_run[1] / STATE_NAME).read_bytes()
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
        (("progress", "seconds", float("inf")), "damaged"),
    ],
)
def test_state_with_other_facts_is_a_data_error(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, keys: tuple[Any, ...], fault: str
) -> None:
    shutil.copytree(whole_run[1], tmp_path, dirs_exist_ok=True)
    change_facts(tmp_path / STATE_NAME, *keys)
    with pytest.raises(DataError, match=fault):
        train(data, recipe, tmp_path, observer=Observer(), resume=True)


@pytest.mark.parametrize("name", ["best_0", "variable_0"])
@pytest.mark.parametrize("change", ["float64", "complex64", "str", "shape", "missing"])
def test_state_with_other_arrays_is_a_data_error(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, name: str, change: str
) -> None:
    shutil.copytree(whole_run[1], tmp_path, dirs_exist_ok=True)
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
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, damage: str
) -> None:
    shutil.copytree(whole_run[1], tmp_path, dirs_exist_ok=True)
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
    with pytest.raises(DataError, match=rf"{BEST_NAME} is damaged .*; overwrite the run"):
        train(data, recipe, tmp_path, observer=observer, resume=True)
    assert observer.steps == []
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def weights_in(file: Any) -> list[Any]:
    """Return the datasets of floating-point weights in an HDF5 file."""
    found: list[Any] = []
    file.visititems(lambda _, one: found.append(one) if hasattr(one, "shape") and one.dtype.kind == "f" else None)
    return found


@pytest.mark.parametrize("bit", [0, 6])
def test_best_weights_with_a_flipped_bit_are_a_data_error(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, bit: int
) -> None:
    shutil.copytree(whole_run[1], tmp_path, dirs_exist_ok=True)
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / BEST_NAME) as file:
        at = max(weights_in(file), key=lambda one: one.size).id.get_offset()
    content = bytearray((tmp_path / BEST_NAME).read_bytes())
    content[at] ^= 1 << bit  # of a number's fraction: it stays finite
    (tmp_path / BEST_NAME).write_bytes(content)
    with pytest.raises(DataError, match=rf"{BEST_NAME} is damaged .*SHA-256.*; overwrite the run"):
        train(data, recipe, tmp_path, observer=Observer(), resume=True)


def test_state_of_an_earlier_version_without_a_digest_is_resumed(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path
) -> None:
    shutil.copytree(whole_run[1], tmp_path, dirs_exist_ok=True)
    change_facts(tmp_path / STATE_NAME, "best_sha256", None)
    require_same((train(data, recipe, tmp_path, observer=Observer(), resume=True), tmp_path), whole_run)


@pytest.mark.parametrize("is_saved", [True, False])
def test_kill_between_state_and_best_weights_is_completed_at_resume(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, tmp_path: Path, is_saved: bool
) -> None:
    shutil.copytree(whole_run[1], tmp_path, dirs_exist_ok=True)
    best, new = tmp_path / BEST_NAME, tmp_path / f"new-{BEST_NAME}"
    if is_saved:  # the state has the digest of the new weights, and the old ones are in their place
        best.rename(new)
        best.write_bytes(b"weights of an earlier epoch")
    else:  # the state is that of the epoch before
        new.write_bytes(b"weights of an epoch that the state does not hold")
    require_same((train(data, recipe, tmp_path, observer=Observer(), resume=True), tmp_path), whole_run)
    assert {path.name for path in tmp_path.iterdir()} == {BEST_NAME, STATE_NAME}


def test_state_of_another_network_is_a_data_error(
    whole_run: tuple[Trained, Path], data: Dataset, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: Any) -> keras.Model:
        inputs = keras.Input((48, 48, 1))
        return keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(keras.layers.Flatten()(inputs)))

    monkeypatch.setitem(ARCHITECTURES, "tiny", other)
    with pytest.raises(DataError, match="another network"):
        train(data, recipe, whole_run[1], observer=Observer(), resume=True)


def test_checkpoint_folder_holds_state_and_best_weights_only(whole_run: tuple[Trained, Path]) -> None:
    assert {path.name for path in whole_run[1].iterdir()} == {BEST_NAME, STATE_NAME}
