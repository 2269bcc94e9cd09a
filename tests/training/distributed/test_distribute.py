"""Training in several real processes on the loopback device."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.training.batches import Share, ShuffledBatches
from fer_edge.training.recipe import RECIPES
from fer_edge.training.run_folder import STATE_NAME

EPOCHS = 5
TOLERANCE = 1e-3
"""Largest difference between the losses of one process and of two."""
_TRAIN = """
import keras
from fer_edge.cli import main
from fer_edge.training.networks.architectures import ARCHITECTURES
from fer_edge.training.networks.blocks import LayerSet

def bare(layers=None, task=None):
    x = inputs = keras.Input((48, 48, 1))
    x = keras.layers.Rescaling(1 / 64, -2)(x)
    for filters in (8, 16):
        x = keras.layers.Conv2D(filters, 5, strides=3, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(keras.layers.Flatten()(x)))

def whole(layers=None, task=None):
    layers = layers or LayerSet()
    x = inputs = keras.Input((48, 48, 1))
    for filters in (8, 16):
        x = keras.layers.Conv2D(filters, 5, strides=3, padding="same")(x)
        x = keras.layers.ReLU()(layers.batch_normalization()(x))
    x = layers.dropout(0.25)(keras.layers.Flatten()(x))
    return keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(x))

ARCHITECTURES.update(bare=bare, whole=whole)
main()
"""
"""`fer-edge` with two small networks: without and with BatchNormalization and dropout."""
RECIPE = ("--recipe", "modern", "--batch-size", 32, "--epochs", EPOCHS, "--ema", 0.9, "--warmup-epochs", 1)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 32])
def test_shares_make_up_the_batch(count: int, size: int) -> None:
    losses = np.random.default_rng(0).random(size)
    taken: list[int] = []
    mean_of_means = 0.0
    for index in range(count):
        own, weight = Share(index, count).of_batch(size)
        rows = range(size)[own]
        assert len(rows) > 0
        taken += rows if weight else ()
        mean_of_means += float(losses[own].mean()) * weight / count
    assert sorted(taken) == [*range(size)]
    assert mean_of_means == pytest.approx(losses.mean())


def test_shares_have_images_of_undivided_batch(faces: Dataset) -> None:
    recipe = replace(RECIPES["modern"], batch_size=48)
    whole = ShuffledBatches(faces.train, recipe)
    shares = [ShuffledBatches(faces.train, recipe, share=Share(index, 3)) for index in range(3)]
    for epoch in range(2):
        for index in range(whole.num_batches):
            images, targets, weights = whole[index]
            size = len(images)
            for place, share in enumerate(shares):
                own_images, own_targets, own_weights = share[index]
                assert np.array_equal(own_images, images[place::3])
                assert np.array_equal(own_targets, targets[place::3])
                assert own_weights == pytest.approx(weights[place::3] * len(own_images) * 3 / size)
        for batches in (whole, *shares):
            batches.start_at(epoch + 1)


def test_teachers_score_images_of_own_share_only(faces: Dataset) -> None:
    taught: list[int] = []

    def teach(images: Any) -> Any:
        taught.append(len(images))
        return np.full((len(images), 7), 1 / 7, np.float32)

    _ = ShuffledBatches(faces.train, replace(RECIPES["modern"], batch_size=32), teach=teach, share=Share(1, 2))[0]
    assert taught == [16]


class Workers:
    """Starts `fer-edge train` in separate processes."""

    def __init__(self, folder: Path, environment: dict[str, str], data: Path) -> None:
        self._folder, self._environment, self._data = folder, environment, data
        self._port = 20_000 + hash(folder) % 10_000

    @property
    def addresses(self) -> str:
        return f"127.0.0.1:{self._port},127.0.0.1:{self._port + 1}"

    @contextmanager
    def start(self, *arguments: object, **environment: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-c", _TRAIN, "train", "--data", str(self._data), "--mixed-precision", "off"]
        with subprocess.Popen(
            [*command, *map(str, arguments)],
            cwd=self._folder,
            env=self._environment | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def train(self, *arguments: object) -> list[tuple[int, str]]:
        """Train with two workers, configured by options and by TF_CONFIG; return their exit codes and stderr."""
        task = {"cluster": {"worker": self.addresses.split(",")}, "task": {"type": "worker", "index": 1}}
        with (
            self.start(*arguments, "--workers", self.addresses, "--worker-index", 0) as chief,
            self.start(*arguments, TF_CONFIG=json.dumps(task)) as other,
        ):
            return [(each.wait(), each.stderr.read()) for each in (chief, other) if each.stderr]


@pytest.fixture(scope="module")
def workers(child_environment: dict[str, str], faces_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Workers:
    return Workers(tmp_path_factory.mktemp("workers"), child_environment, faces_zip)


def history_of(run: Path) -> list[dict[str, float]]:
    with (run / "history.csv").open() as file:
        rows = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.mark.slow
def test_two_processes_train_like_one(workers: Workers, tmp_path: Path) -> None:
    """Compare without BatchNormalization and dropout, so that only rounding differs."""
    one, two = tmp_path / "one", tmp_path / "two"
    parts = ("--ema", 0.9, "--weight-decay", 0.01, "--class-balance", "full", "--flip", "--learning-rate", 3e-3)
    recipe = ("--arch", "bare", "--batch-size", 32, "--epochs", EPOCHS, *parts, "--output")
    with workers.start(*recipe, one) as process:
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr
    for code, stderr in workers.train(*recipe, two):
        assert code == 0, stderr
    losses = [[[row["loss"], row["val_loss"]] for row in history_of(run)] for run in (one, two)]
    assert losses[1] == pytest.approx(np.array(losses[0]), rel=TOLERANCE)
    assert losses[0][-1][0] < losses[0][0][0] - 0.2
    assert {path.name for path in two.iterdir()} == {path.name for path in one.iterdir()}


@pytest.mark.slow
def test_killed_worker_ends_others_and_resume_gives_identical_result(workers: Workers, tmp_path: Path) -> None:
    straight, run = tmp_path / "straight", tmp_path / "killed"
    recipe = (*RECIPE, "--arch", "whole", "--output")
    for code, stderr in workers.train(*recipe, straight):
        assert code == 0, stderr
    common = (*recipe, run, "--workers", workers.addresses, "--worker-index")
    with workers.start(*common, 0) as chief, workers.start(*common, 1) as other:
        assert chief.stderr is not None
        lines = []
        for line in chief.stderr:
            lines.append(line)
            if line.startswith("epoch 2/"):
                other.send_signal(signal.SIGKILL)
        assert chief.wait(timeout=60) == 1, "".join(lines)
    assert lines[-1].startswith("error: lost the connection to worker 1 ("), "".join(lines)
    assert "Traceback" not in "".join(lines)
    for code, stderr in workers.train("--resume", "--output", run):
        assert code == 0, stderr
        assert "epoch 1/" not in stderr
    assert history_of(run) == history_of(straight)
    assert arrays_of(run) == arrays_of(straight)


def arrays_of(run: Path) -> dict[str, bytes]:
    with np.load(run / "checkpoints" / STATE_NAME) as saved:
        return {name: saved[name].tobytes() for name in saved.files if name != "facts"}


@pytest.mark.slow
def test_divergence_ends_all_workers_with_same_line(workers: Workers, tmp_path: Path) -> None:
    arguments = (
        "--arch",
        "bare",
        "--batch-size",
        32,
        "--epochs",
        2,
        "--learning-rate",
        "1e30",
        "--output",
        tmp_path / "run",
    )
    ended = workers.train(*arguments)
    assert [code for code, _ in ended] == [1, 1], ended
    lines = {stderr.splitlines()[-1] for _, stderr in ended}
    assert len(lines) == 1
    assert lines.pop().startswith("error: training diverged at epoch 1, step ")
    assert not (tmp_path / "run" / "model.keras").exists()


@pytest.mark.slow
def test_workers_with_different_settings_are_rejected(workers: Workers, tmp_path: Path) -> None:
    common = ("--output", tmp_path / "run", "--workers", workers.addresses)
    with ExitStack() as stack:
        both = [
            stack.enter_context(workers.start(*common, "--worker-index", index, "--batch-size", 32 + index))
            for index in range(2)
        ]
        for process in both:
            _, stderr = process.communicate()
            assert process.returncode == 2, stderr
            assert stderr.splitlines()[-1].startswith("error: worker 1 has another batch_size")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--workers", "127.0.0.1:1,127.0.0.1"), 2, "expected workers as HOST:PORT"),
        (("--worker-index", 1), 2, "a worker index needs the list of workers"),
    ],
)
def test_invalid_options_are_one_line(
    command_line: Callable[..., Any], arguments: tuple[object, ...], code: int, message: str
) -> None:
    ended = command_line("train", *arguments)
    assert (ended.exit_code, len(ended.stderr.splitlines())) == (code, 1)
    assert message in ended.stderr
