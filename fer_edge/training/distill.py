"""Knowledge distillation: softened scores of teachers as targets (Hinton et al., 2015)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import read_card
from fer_edge.labels import EXPRESSIONS
from fer_edge.scores import FloatArray
from fer_edge.training.networks.architectures import build
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.networks.keras_network import task_of


def load_teachers(
    paths: Sequence[str],
    temperature: float,
    *,
    bfloat16: bool,
    mirrored: bool = False,
    classes: tuple[str, ...] = EXPRESSIONS,
) -> Callable[[FloatArray], FloatArray]:
    """Load the teachers.

    The student learns from the sum of label and softened scores at a temperature of 1. Its scores are therefore too
    even, which the temperature fitted on held-back images corrects.

    Args:
        paths: .keras files of classifiers of the training images' size and colour.
        temperature: Divisor of their logits.
        bfloat16: Whether networks of this project among them compute in bfloat16.
        mirrored: Whether they score each image's mirror image too, which takes twice as long. The accuracy of the
            teacher in docs/networks.md is 67.6 % on images alone, 69.1 % by the mean of both.
        classes: Names of the classes, in the order of the scores.

    Returns:
        A function from images, float32 (N, H, W, channels), 0..255, to the mean of the softened scores, float32
        (N, classes).

    Raises:
        ModelError: If a file cannot be loaded, is no such classifier, has no card, or has other labels than
            `classes`, in this order.
    """
    models = [_fast(_load_teacher(Path(path), classes), bfloat16) for path in paths]

    def teach(images: tf.Tensor) -> tf.Tensor:
        views = [images, images[:, :, ::-1]] if mirrored else [images]
        scores = [tf.cast(model(view, training=False), tf.float32) for model in models for view in views]
        return tf.add_n([tf.nn.softmax(tf.math.log(each + 1e-7) / temperature) for each in scores]) / len(scores)

    graph = tf.function(teach, reduce_retracing=True)
    return lambda images: np.asarray(graph(tf.constant(images)))


def _load_teacher(path: Path, classes: tuple[str, ...]) -> KerasClassifier:
    labels = read_card(path).labels
    if labels != classes:
        raise ModelError(f"{path}: expected a teacher of {', '.join(classes)}, in this order, got {', '.join(labels)}")
    return KerasClassifier.load(path)


def _fast(classifier: KerasClassifier, bfloat16: bool) -> keras.Model:
    if not (bfloat16 and classifier.known):
        return classifier.model
    model = build(classifier.card.architecture, bfloat16=True, task=task_of(classifier.card))
    model.set_weights(classifier.model.get_weights())
    return model
