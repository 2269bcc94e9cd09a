from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import add_card_to_keras
from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.errors import ModelError
from fer_edge.labels import FER2013_ORDER
from fer_edge.training.distill import load_teachers
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RunFolder
from fer_edge.training.train import train
from tests.fakes.training_runs import Observer


@pytest.mark.slow
def test_student_learns_from_teacher(tiny_run: RunFolder, modern: Recipe, faces: Dataset, tmp_path: Path) -> None:
    """Use random labels, so that all accuracy comes from the teacher."""
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
def test_teacher_with_other_labels_is_rejected(
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
