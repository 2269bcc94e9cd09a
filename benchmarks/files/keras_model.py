"""The full Keras model as a subject, on one thread like its files."""

from __future__ import annotations

import sys
from pathlib import Path

import tensorflow as tf

from fer_edge.benchmark.subjects import Role, Subject
from fer_edge.inference.delegation import UNKNOWN_DELEGATION
from fer_edge.training.networks.keras_file import KerasClassifier


def load_keras(path: Path) -> KerasClassifier:
    """Load a model on one thread; TensorFlow accepts that setting only before its first operation."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return KerasClassifier.load(path)


def keras_subject(path: Path) -> Subject:
    """Return a full model as a subject, named after its run."""
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
