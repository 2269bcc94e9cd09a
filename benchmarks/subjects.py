"""What is measured: the full Keras model and every file exported from it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from rich.console import Console

from benchmarks.report import Latency, Report, Result
from fer_edge.benchmark.machine import machine_facts, take_look
from fer_edge.benchmark.timing import Effort, measure_interleaved
from fer_edge.cli.options import make_progress
from fer_edge.errors import FerEdgeError
from fer_edge.metrics import agreement, evaluate_scores
from fer_edge.runtime.classifier import Classifier, ScoresFaces, read_card
from fer_edge.training.keras_file import KerasClassifier
from fer_edge.training.run_folder import RUNS
from fer_edge.training.sources import SYNTHETIC, load_dataset

_BRIEF = ("--epochs", "8", "--batch-size", "64", "--learning-rate", "0.0005")
"""Enough for the synthetic faces to be told apart, in a minute or so."""


@dataclass(frozen=True)
class Subject:
    """A model file that has been loaded with one thread."""

    name: str
    path: Path
    classifier: ScoresFaces


def find_model(named: Path | None, data: str, scratch: Path) -> tuple[Path, str]:
    """The Keras model to measure, with its exports beside it, and the labelled faces to measure it on.

    Args:
        named: The one that was asked for.
        data: The labelled faces; without `named`, the newest run that was trained on them is taken.
        scratch: Where a model is trained for a moment, on drawn faces and for them, if there is no such run.
    """
    model = named or _newest_run_on(data)
    if model is None:
        Console().print(f"no run was trained on {data}: measuring a network trained for a moment on drawn faces")
        model, data = scratch / "model.keras", SYNTHETIC
        _fer_edge("train", "--data", data, *_BRIEF, "--output", str(scratch))
    if not any(_exports(model)):
        _fer_edge("export", str(model), "--all", "--data", data)
    return model, data


def measure(parent: Path, data: str, *, rounds: int, images: int | None) -> Report:
    """Time every subject, interleaved, on real faces in turn, and measure each on the validation split."""
    _limit_tensorflow_to_one_thread()
    subjects = _load(parent)
    dataset = load_dataset(data)
    faces = dataset.validation
    if images is not None:
        faces = faces.take(np.random.default_rng(0).permutation(len(faces))[:images])
    before = {**machine_facts(), "load_average": take_look().as_dict()["load_average"]}
    with make_progress() as progress:
        task = progress.add_task("timing", total=rounds)
        latencies = measure_interleaved(
            {subject.name: _call(subject.classifier, faces.images) for subject in subjects},
            Effort("rounds", rounds),
            lambda done: progress.update(task, completed=round(done * rounds)),
        )
        scores = {}
        for subject in subjects:
            progress.reset(task, description=f"scoring {subject.name}", total=len(faces))
            scores[subject.name] = subject.classifier.classify_all(
                faces.images, lambda done: progress.update(task, completed=done)
            )
    full = scores[subjects[0].name]
    results = [
        Result(
            name=subject.name,
            runtime=subject.classifier.runtime,
            bytes=subject.path.stat().st_size,
            latency=Latency(np.array(latencies[subject.name].samples_ms)),
            evaluation=evaluate_scores(scores[subject.name], faces.labels),
            agreement=agreement(scores[subject.name], full),
        )
        for subject in subjects
    ]
    return Report(dataset.name, data == SYNTHETIC, rounds, before, tuple(results))


def _limit_tensorflow_to_one_thread() -> None:
    """Give the full model what its files get; TensorFlow takes this only before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _newest_run_on(data: str) -> Path | None:
    digest = load_dataset(data).sha256()
    models = sorted(RUNS.glob("*/model.keras"), key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path for path in models if read_card(path).training.get("data_sha256") == digest), None)


def _exports(model: Path) -> list[Path]:
    found = [*model.parent.glob("export/*.tflite"), *model.parent.glob("export/*.onnx")]
    return sorted(path for path in found if ".failed." not in path.name)


def _load(parent: Path) -> list[Subject]:
    subjects = [Subject(parent.name, parent, KerasClassifier.load(parent))]
    return subjects + [Subject(path.name, path, Classifier.load(path)) for path in _exports(parent)]


def _call(classifier: ScoresFaces, faces: npt.NDArray[np.uint8]) -> Callable[[int], object]:
    return lambda i: classifier.classify(faces[i % len(faces)])


def _fer_edge(*arguments: str) -> None:
    Console(stderr=True).print(f"fer-edge {' '.join(arguments)}", highlight=False)
    done = subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=False)
    if done.returncode:
        raise FerEdgeError(f"fer-edge {arguments[0]} ended with exit code {done.returncode}")
