from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from fer_edge.cards.model_card import WEIGHTS_LICENCE, ModelCard
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.evaluation.metrics import evaluate_scores
from fer_edge.files import sha256_file
from fer_edge.training.checkpoint import TrainingProgress
from fer_edge.training.networks.architectures import ARCHITECTURES
from fer_edge.training.recipe import Recipe
from fer_edge.training.report import write_run
from fer_edge.training.run_folder import RunFolder
from fer_edge.training.train import Trained

if TYPE_CHECKING:
    from fer_edge.training.networks.keras_file import KerasClassifier


@pytest.fixture(scope="module")
def card(tiny_run: RunFolder) -> ModelCard:
    return ModelCard.from_json((tiny_run.path / "card.json").read_text(), "card.json")


def test_run_writes_every_file(tiny_run: RunFolder) -> None:
    assert {path.name for path in tiny_run.path.iterdir()} == {
        "model.keras", "card.json", "history.csv", "curves.png", "confusion.png", "samples.png", "summary.txt",
        "settings.json", "checkpoints",
    }  # fmt: skip
    for name in ("curves", "confusion", "samples"):
        assert cv2.imread(str(tiny_run.path / f"{name}.png")) is not None


def test_history_file_has_one_row_per_epoch(tiny_run: RunFolder, card: ModelCard) -> None:
    with (tiny_run.path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [*range(1, card.training["epochs_trained"] + 1)]
    assert {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"} <= set(rows[0])
    best = max(rows, key=lambda row: float(row["val_accuracy"]))
    assert int(best["epoch"]) == card.training["best_epoch"]


def test_card_has_training_facts_and_results(card: ModelCard, tiny_classifier: KerasClassifier, faces: Dataset) -> None:
    assert tiny_classifier.card == card
    assert (card.name, card.architecture, card.precision) == ("tiny", "tiny", "fp32")
    assert card.training["data_sha256"] == faces.sha256()
    assert card.training["images"] == {"train": 280, "validation": 112}
    assert card.training["recipe"]["seed"] == 3
    assert {"tensorflow", "keras", "numpy", "python", "fer-edge"} <= set(card.tools)
    scores = tiny_classifier.classify_all(faces.validation.images)
    evaluation = evaluate_scores(scores, faces.validation.labels)
    assert card.evaluation["accuracy"] == pytest.approx(evaluation.accuracy)
    assert card.evaluation["split"] == "validation"
    # The network has learned enough for the proofs of its files to mean something.
    assert evaluation.accuracy > 0.5


def test_summary_has_layers_data_and_results(tiny_run: RunFolder, card: ModelCard) -> None:
    text = (tiny_run.path / "summary.txt").read_text()
    for part in ("conv2d", "280 train, 112 validation", "ended by the number of epochs", "surprise", "predicted"):
        assert part in text
    assert f"{card.evaluation['accuracy']:.2%}" in text
    assert "\x1b" not in text
    assert {len(line) for line in text.splitlines() if line.startswith(("┏", "├", "└"))} == {100}  # nothing cut off


def test_summary_has_peoples_answer_where_there_are_votes(faces: Dataset, tmp_path: Path) -> None:
    def voted(split: Split) -> Split:
        counts = np.zeros((len(split), len(CHOICES)), np.uint16)
        counts[np.arange(len(split)), split.labels] = 10
        return replace(split, votes=Votes(counts))

    run = RunFolder(tmp_path / "voted")
    row = {"loss": 2.0, "accuracy": 0.2, "val_loss": 2.0, "val_accuracy": 0.2}
    trained = Trained(ARCHITECTURES["tiny"](None), TrainingProgress(1, [row], True, 1.0), None, 1)
    dataset = replace(faces, splits={name: voted(split) for name, split in faces.splits.items()})
    write_run(run, trained, dataset, Recipe(arch="tiny", epochs=1, votes_weight=1.0))
    text = (run.path / "summary.txt").read_text()
    for part in ("people's answer on the validation split, prior photos", "one person's recall", "balanced"):
        assert part in text


def test_card_has_name_and_digest_of_teachers(tiny_run: RunFolder, faces: Dataset, tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "taught")
    row = {"loss": 2.0, "accuracy": 0.2, "val_loss": 2.0, "val_accuracy": 0.2}
    trained = Trained(ARCHITECTURES["tiny"](None), TrainingProgress(1, [row], True, 1.0), None, 1, temperature=1.5)
    write_run(run, trained, faces, Recipe(arch="tiny", epochs=1, teachers=(str(tiny_run.model),)))
    card = json.loads((run.path / "card.json").read_text())
    assert card["training"]["recipe"]["teachers"] == [{"name": "tiny", "sha256": sha256_file(tiny_run.model)}]
    assert card["training"]["temperature"] == 1.5
    assert str(tiny_run.path) not in json.dumps(card)


@pytest.mark.parametrize(("source", "licence"), [("synthetic", "Apache-2.0"), ("/data/fer2013.csv", WEIGHTS_LICENCE)])
def test_licence_depends_on_data(
    tiny_architecture: str, faces: Dataset, tmp_path_factory: pytest.TempPathFactory, source: str, licence: str
) -> None:
    run = RunFolder(tmp_path_factory.mktemp("runs") / "licensed")
    few = {name: split.take(split.labels.argsort(kind="stable")[::8]) for name, split in faces.splits.items()}
    row = {"loss": 2.0, "accuracy": 0.2, "val_loss": 2.0, "val_accuracy": 0.2}
    trained = Trained(ARCHITECTURES[tiny_architecture](None), TrainingProgress(1, [row], True, 1.0), None, 1)
    write_run(run, trained, Dataset(source, few), Recipe(arch=tiny_architecture, epochs=1))
    text = (run.path / "card.json").read_text()
    assert json.loads(text)["licence"] == licence
    assert "/data" not in text
