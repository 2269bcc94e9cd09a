"""First weights of a training run: those of another network, with a new last layer where the classes differ."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.conversion import convert_images
from fer_edge.dataset.data import Split, as_inputs
from fer_edge.errors import InputError
from fer_edge.inference.card_reader import read_card
from fer_edge.picture_form import PictureForm
from fer_edge.preprocess import RGB_LUMA
from fer_edge.scores import FloatArray
from fer_edge.training.augment import augment
from fer_edge.training.networks.architectures import build
from fer_edge.training.networks.blocks import Task
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.networks.unfold import unfold
from fer_edge.training.recipe import Recipe
from fer_edge.training.targets import image_weights, learning_targets

_STATISTICS_IMAGES = 30 * 128
_HEAD_WEIGHTS = 2
"""Weights of the last layer: kernel and bias."""

_HEAD_STEPS = 1500
_HEAD_BATCH = 64
_HEAD_LEARNING_RATE = 1e-2
_FEATURES_BATCH = 256


def start_from(model: keras.Model, path: Path, training: Split, recipe: Recipe) -> None:
    """Set the weights of `model` to those of another network of the same architecture.

    Where the classes differ, the last layer is new, and is fitted first, with all other weights frozen (Kumar et al.,
    Fine-Tuning can Distort Pretrained Features, 2022). Where the colours differ, the first kernel is adapted.

    Args:
        model: Network to train; it is changed.
        path: .keras or .tflite file.
        training: Images to train on.
        recipe: Recipe to train by.

    Raises:
        InputError: If the file's network has kernels of other sizes.
        ModelError: If the file cannot be loaded.
    """
    card = read_card(path)
    source = _load(path, training, recipe, card.input.form)
    task = Task(training.form, len(training.classes))
    if card.labels == training.classes and card.input.form == training.form:
        model.set_weights(source.get_weights())
        return
    plain = build(recipe.arch, task=task)
    fresh, known = plain.get_weights(), source.get_weights()
    same_classes = card.labels == training.classes
    body = [_fitted(old, new.shape, path) for old, new in zip(known, fresh, strict=True)][:-_HEAD_WEIGHTS]
    plain.set_weights([*body, *(known if same_classes else fresh)[-_HEAD_WEIGHTS:]])
    if not same_classes:
        _fit_last_layer(plain, training, recipe)
    model.set_weights(plain.get_weights())


def statistics_images(split: Split, recipe: Recipe, form: PictureForm | None = None) -> FloatArray:
    """Return augmented training images, to measure BatchNormalization's statistics on.

    Args:
        split: Training images.
        recipe: Recipe with the augmentation.
        form: Size and colour to convert them to; None for their own.
    """
    rng = np.random.default_rng(recipe.seed)
    rows = rng.permutation(len(split))[:_STATISTICS_IMAGES]
    return as_inputs(augment(convert_images(split.images[rows], form or split.form), recipe, rng))


def _load(path: Path, training: Split, recipe: Recipe, form: PictureForm) -> keras.Model:
    if path.suffix.lower() == ".tflite":
        return unfold(path, statistics_images(training, recipe, form))
    return KerasClassifier.load(path).model


def _fitted(weights: FloatArray, shape: tuple[int, ...], path: Path) -> npt.NDArray[np.float32]:
    """Return a kernel for another number of colours, such that gray pictures give the same; others as they are."""
    is_kernel = len(shape) == weights.ndim == 4 and shape[:2] == weights.shape[:2] and shape[3] == weights.shape[3]
    if is_kernel and (weights.shape[2], shape[2]) == (1, 3):
        return np.asarray(weights * np.array(RGB_LUMA, np.float32)[:, np.newaxis], np.float32)
    if is_kernel and (weights.shape[2], shape[2]) == (3, 1):
        return np.asarray(weights.sum(axis=2, keepdims=True), np.float32)
    is_head = weights.ndim <= 2 and weights.shape[:-1] == shape[:-1]
    if weights.shape != shape and not is_head:
        raise InputError(
            f"{path}: its network is for faces of another size (weights {weights.shape}, expected {shape}); train on "
            "faces of its size, or start from random weights"
        )
    return weights


def _fit_last_layer(model: keras.Model, training: Split, recipe: Recipe) -> None:
    """Fit the last layer to the targets on the features that the frozen layers before it give."""
    last = model.layers[-1]
    features = keras.Model(model.inputs, last.input).predict(training.inputs(), _FEATURES_BATCH, verbose=0)
    targets = learning_targets(training, recipe.votes_weight)
    head = keras.Sequential([keras.Input(features.shape[1:]), keras.layers.Dense(targets.shape[1], "softmax")])
    head.compile(keras.optimizers.Adam(_HEAD_LEARNING_RATE), keras.losses.CategoricalCrossentropy())
    epochs = max(_HEAD_STEPS * _HEAD_BATCH // len(features), 1)
    weights = image_weights(targets, recipe.class_balance.power)
    head.fit(features, targets, _HEAD_BATCH, min(epochs, 100), verbose=0, sample_weight=weights)
    last.set_weights(head.get_weights())
