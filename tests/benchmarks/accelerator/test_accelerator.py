from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from benchmarks.accelerator.__main__ import command
from benchmarks.accelerator.recipe_file import read_recipe, require_known
from benchmarks.accelerator.result import Result
from fer_edge.errors import InputError
from fer_edge.training.networks import architectures
from fer_edge.training.networks.blocks import SEVEN, Blocks, LayerSet, Task
from fer_edge.training.networks.keras_file import KerasClassifier

needs_jax = pytest.mark.skipif(
    None in (importlib.util.find_spec("jax"), importlib.util.find_spec("optax")), reason="needs the extra accelerator"
)

RECIPES = Path("benchmarks/accelerator/recipes")


def small(layers: LayerSet | None = None, task: Task = SEVEN) -> object:
    blocks, inputs = Blocks(layers, task), task.inputs()
    x = blocks.stem(inputs, 8, strides=2)
    for _ in range(2):
        x = blocks.separable(x, 32, strides=2)
    return blocks.classifier(inputs, x, "small")


_TRAIN = """
import sys

from fer_edge.training.networks import architectures
from tests.benchmarks.accelerator.test_accelerator import small

architectures.ARCHITECTURES["small"] = small
from benchmarks.accelerator.__main__ import command

command(["train", *sys.argv[1:]])
"""

_PLAIN = """
arch = "small"
batch_size = 32
learning_rate = 1e-2
warmup_epochs = 0.0
votes_weight = 0.0
label_smoothing = 0.0
mixup = 0.0
"""
_UNCHANGED = "\n".join(f"{part} = 0.0" for part in ("shift", "scale", "rotate", "brightness", "contrast", "erase"))
_TAUGHT = (
    _PLAIN.replace("mixup = 0.0", "mixup = 0.2")
    + """
teachers = ["teacher.npz"]
distill_temperature = 1.0
distill_views = 2
erase = 0.5
epochs = 4
seed = 1
"""
)


def in_jax(code: str, *arguments: str | Path) -> str:
    """Run Python with Keras on JAX and return what it prints."""
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(Path.cwd())}
    words = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@needs_jax
def test_networks_learn_on_jax_and_become_runs(
    faces_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ("--data", str(faces_zip))
    teacher, student = (tmp_path / f"{name}.npz" for name in ("teacher", "student"))
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f"{_PLAIN}{_UNCHANGED}\nepochs = 60\n")
    in_jax(_TRAIN, *data, recipe, teacher)
    recipe.write_text(_TAUGHT)
    in_jax(_TRAIN, *data, recipe, student)

    learned = Result.load(teacher)
    assert learned.history[-1]["loss"] < 0.8 * learned.history[0]["loss"]
    assert max(row["val_accuracy"] for row in learned.history) > 0.4
    assert all(np.isfinite(each).all() for each in Result.load(student).weights)

    monkeypatch.setitem(architectures.ARCHITECTURES, "small", small)
    runs = tmp_path / "runs"
    command(["finish", *data, "--output", str(runs), str(teacher), str(student)], standalone_mode=False)
    made = KerasClassifier.load(runs / "teacher" / "model.keras")
    assert made.card.evaluation["accuracy"] == pytest.approx(
        max(row["val_accuracy"] for row in learned.history), abs=0.01
    )
    facts = KerasClassifier.load(runs / "student" / "model.keras").card.training["recipe"]
    assert [each["name"] for each in facts["teachers"]] == ["teacher"]
    assert (runs / "student" / "curves.png").is_file()


@pytest.mark.slow
@needs_jax
def test_shifted_products_are_a_depthwise_convolution() -> None:
    printed = in_jax("""
import keras
import numpy as np
from benchmarks.accelerator.layers import ShiftedDepthwise

for strides in (1, 2):
    for side in (48, 7):
        images = np.random.default_rng(0).random((2, side, side, 5), np.float32)
        kinds = keras.layers.DepthwiseConv2D, ShiftedDepthwise
        known, ours = (kind(3, strides=strides, padding="same") for kind in kinds)
        expected = np.asarray(known(images))
        ours(images)
        ours.set_weights(known.get_weights())
        print(np.abs(np.asarray(ours(images)) - expected).max())
""")
    assert all(float(line) < 1e-5 for line in printed.split())


@pytest.mark.slow
@needs_jax
def test_augmentation_keeps_range_and_does_what_the_recipe_says() -> None:
    printed = in_jax("""
import jax
import numpy as np
from benchmarks.accelerator.augment import augment, mixup
from fer_edge.training.recipe import Recipe

rng = np.random.default_rng(0)
images = rng.integers(0, 256, (64, 48, 48, 1)).astype(np.float32)

def changed(**parts):
    return np.asarray(augment(jax.numpy.asarray(images), Recipe(**parts), jax.random.key(1)))

mirrored = changed(flip=True)
same = (mirrored == images).all(axis=(1, 2, 3))
turned = (mirrored == images[:, :, ::-1]).all(axis=(1, 2, 3))
print((same ^ turned).all(), 16 < same.sum() < 48)
print((changed() == images).all())
everything = changed(flip=True, shift=0.2, scale=0.3, rotate=25, brightness=0.3, contrast=0.5, erase=1.0)
print(everything.min() >= 0 and everything.max() <= 255 and everything.shape == images.shape)
flat = np.full_like(images, 100)
warped = np.asarray(augment(jax.numpy.asarray(flat), Recipe(shift=0.2, scale=0.3, rotate=25), jax.random.key(1)))
print(np.allclose(warped, 100, atol=1e-3))
erased = (changed(erase=1.0) != images).mean(axis=(1, 2, 3))
print(0.01 < erased.min() and erased.max() < 0.22)
mixed, targets = mixup(jax.numpy.asarray(images), jax.numpy.eye(64), 0.4, jax.random.key(2))
print(np.allclose(np.asarray(targets).sum(axis=1), 1, atol=1e-5))
print(np.allclose(np.einsum("nk,kyxc->nyxc", np.asarray(targets), images), np.asarray(mixed), atol=0.1))
""")
    assert set(printed.split()) == {"True"}


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("label_smoothing = 0.1", "not implemented on an accelerator: this label_smoothing"),
        ("label_smoothing = 0.0\ncosine = false", "this cosine"),
        ("epochs = 'many'", "another type"),
        ("flip = 3", "another type"),
        ("epoch = 1", "expected parts of a recipe, got epoch"),
        (
            "label_smoothing = 0.0\nteachers = ['recipe.toml']\ndistill_temperature = 1.0",
            "recipe.toml: expected a file",
        ),
    ],
)
def test_unknown_and_missing_parts_are_refused(part: str, message: str, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(part)
    with pytest.raises(InputError, match=message):
        command(["train", str(recipe), str(tmp_path / "x.npz")], standalone_mode=False)


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.toml")), ids=lambda file: file.stem)
def test_shipped_recipes_are_read(file: Path) -> None:
    recipe = read_recipe(file)
    require_known(recipe)
    assert all((RECIPES / name).with_suffix(".toml").is_file() for name in recipe.teachers)


def test_a_damaged_result_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cut.npz"
    Result(read_recipe(RECIPES / "compact.toml"), [np.zeros(2, np.float32)], [], 1.0).save(file)
    assert Result.load(file).recipe.arch == "compact"
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"cut\.npz: expected a file of"):
        Result.load(file)
