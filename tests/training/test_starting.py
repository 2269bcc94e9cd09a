from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.choosing import choose_classes
from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.conversion import in_form
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError
from fer_edge.picture_form import RGB, PictureForm
from fer_edge.training.networks.architectures import build
from fer_edge.training.networks.blocks import Task
from fer_edge.training.networks.keras_file import save_keras
from fer_edge.training.recipe import RECIPES
from fer_edge.training.starting import start_from

TWO = ClassChoice(classes=("happy", "sad"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of a network of the seven expressions in 48x48 gray faces, with random weights."""
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("start") / "model.keras"
    save_keras(build("compact-s"), ModelCard("start", "compact-s"), path)
    return path


def started(path: Path, dataset: Dataset) -> keras.Model:
    """Return a network for the classes and faces of `dataset` that starts from `path`."""
    model = build("compact-s", task=Task(dataset.train.form, len(dataset.classes)))
    start_from(model, path, dataset.train, replace(RECIPES["fine-tune"], arch="compact-s", start_from=str(path)))
    return model


@pytest.mark.slow
def test_new_last_layer_is_fitted_and_the_others_are_kept(trained: Path, faces: Dataset) -> None:
    dataset = choose_classes(faces, TWO)
    model = started(trained, dataset)
    known = keras.models.load_model(trained, compile=False)
    for layer, old in zip(model.layers[:-1], known.layers[:-1], strict=True):
        for weights, expected in zip(layer.get_weights(), old.get_weights(), strict=True):
            assert np.array_equal(weights, expected)
    predicted = model.predict(dataset.train.inputs(), verbose=0).argmax(axis=1)
    assert (predicted == dataset.train.labels).mean() > 0.6  # even random features tell these drawings apart


@pytest.mark.slow
def test_colour_network_scores_gray_pictures_as_the_gray_one_did(trained: Path, faces: Dataset) -> None:
    colour = in_form(faces, PictureForm(48, 48, RGB))
    model = started(trained, colour)
    known = keras.models.load_model(trained, compile=False)
    old = known.predict(faces.validation.inputs()[:8], verbose=0)
    assert np.allclose(model.predict(colour.validation.inputs()[:8], verbose=0), old, atol=1e-4)


def test_network_of_another_size_is_rejected(faces: Dataset, tmp_path: Path, tiny_architecture: str) -> None:
    path = tmp_path / "tiny.keras"
    save_keras(build(tiny_architecture), ModelCard("tiny", tiny_architecture), path)
    larger = in_form(choose_classes(faces, TWO), PictureForm(96, 96))
    model = build(tiny_architecture, task=Task(larger.train.form, 2))
    with pytest.raises(InputError, match="its network is for faces of another size"):
        start_from(model, path, larger.train, replace(RECIPES["fine-tune"], arch=tiny_architecture))
