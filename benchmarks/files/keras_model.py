"""The full Keras model as something to measure: held to one thread, as its files are."""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf

from fer_edge.benchmark.subjects import Role, Subject
from fer_edge.inference.delegation import UNKNOWN_DELEGATION
from fer_edge.training.networks.keras_file import KerasClassifier


def load_keras(path: Path) -> KerasClassifier:
    """Load a model after TensorFlow is held to one thread, which it accepts before its first operation only."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return KerasClassifier.load(path)


def keras_subject(path: Path) -> Subject:
    """A full model, by its run's name."""
    classifier = load_keras(path)
    return Subject(
        name=f"{classifier.card.name}/{path.name}",
        path=path,
        role=Role.FULL,
        classifier=classifier,
        precision=classifier.card.precision,
        delegation=UNKNOWN_DELEGATION,
        fresh_command=(sys.executable, "-m", "benchmarks.files.fresh_keras", str(path)),
    )
