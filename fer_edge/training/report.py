"""Results of a training run: model with card, history, charts and summary."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import WEIGHTS_LICENCE, ModelCard
from fer_edge.cards.storage import read_zipped_card
from fer_edge.dataset.class_choice import class_facts
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.loading import SYNTHETIC
from fer_edge.dataset.people_tables import people_tables
from fer_edge.dataset.peoples_answer import facts_without_copies, people_facts
from fer_edge.evaluation.metrics import Evaluation, evaluate_scores
from fer_edge.evaluation.tables import confusion_table, evaluation_table
from fer_edge.files import sha256_file, write_atomic
from fer_edge.progress import OnProgress, ignore_progress
from fer_edge.terminal.tables import as_text
from fer_edge.training.augment import is_augmenting
from fer_edge.training.learned_prior import learned_prior, photos_prior
from fer_edge.training.networks.keras_file import KerasClassifier, save_keras
from fer_edge.training.plots import plot_confusion, plot_curves, plot_samples
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RunFolder
from fer_edge.training.targets import with_expression
from fer_edge.training.train import Trained
from fer_edge.versions import tool_versions

_SUMMARY_COLUMNS = 100


@dataclass(frozen=True)
class Measured:
    """Results of a trained model on the validation split, in float32.

    Attributes:
        card: Card of the model.
        scores: Scores of the split's images, float32 (N, classes).
        evaluation: Results against the labels.
        copied: Whether each image has an exact copy in the training split, bool (N,).
    """

    card: ModelCard
    scores: npt.NDArray[np.float32]
    evaluation: Evaluation
    copied: npt.NDArray[np.bool_]


def write_run(
    run: RunFolder,
    trained: Trained,
    dataset: Dataset,
    recipe: Recipe,
    on_progress: OnProgress = ignore_progress,
) -> Measured:
    """Measure a trained model on the validation split and write all results into its run folder.

    Args:
        run: Run folder.
        trained: Result of training.
        dataset: Labelled faces that it was trained on.
        recipe: Recipe that it was trained with.
        on_progress: Called with the number of validation images measured so far.
    """
    form = dataset.train.form
    card = ModelCard(
        name=run.path.resolve().name,
        architecture=recipe.arch,
        labels=dataset.classes,
        input=InputSpec(form.width, form.height, form.colour),
        prior=learned_prior(with_expression(dataset.train, recipe.votes_weight), recipe),
        training=_training_facts(trained, dataset, recipe),
        tools=tool_versions(),
        licence="Apache-2.0" if dataset.source == SYNTHETIC else WEIGHTS_LICENCE,
    )
    classifier = KerasClassifier(trained.model, card, run.model)
    scores = classifier.classify_all(dataset.validation.images, on_progress)
    evaluation = evaluate_scores(scores, dataset.validation.labels, dataset.classes)
    facts = {"split": "validation", "runtime": classifier.runtime, **evaluation.as_dict()}
    copied = exact_copies(dataset.validation.images, dataset.train.images)
    facts |= people_facts(scores, dataset.validation, card) | facts_without_copies(scores, dataset.validation, copied)
    card = replace(card, evaluation=facts)
    save_keras(trained.model, card, run.model)
    write_atomic(run.path / "card.json", card.to_json() + "\n")
    _write_pictures(run, trained, dataset, recipe, evaluation)
    people = people_tables(scores, dataset.validation, card, "people's answer on the validation split")
    tables = (evaluation_table(evaluation, "validation split, float32"), confusion_table(evaluation), *people)
    write_atomic(run.path / "summary.txt", _summary(trained, dataset, recipe, as_text(*tables)))
    return Measured(card, scores, evaluation, copied)


def _training_facts(trained: Trained, dataset: Dataset, recipe: Recipe) -> dict[str, Any]:
    return {
        "data": dataset.name,
        "data_sha256": dataset.sha256(),
        **class_facts(dataset.choice, dataset.left_out_classes),
        "votes": _votes_facts(dataset, recipe),
        "images": {name.value: len(split) for name, split in dataset.splits.items()},
        "recipe": asdict(recipe)
        | {
            "start_from": _identity(Path(recipe.start_from)) if recipe.start_from else None,
            "pretrained_weights": _identity(Path(recipe.pretrained_weights)) if recipe.pretrained_weights else None,
            "teachers": [_identity(Path(path)) for path in recipe.teachers],
        },
        "epochs_trained": trained.progress.epochs_done,
        "best_epoch": trained.progress.best_epoch,
        "ended_by": trained.ended_by,
        "seconds": round(trained.progress.seconds),
        "temperature": trained.temperature,
        "no_temperature": trained.no_temperature or None,
    }


def _votes_facts(dataset: Dataset, recipe: Recipe) -> dict[str, Any] | None:
    """Return facts about the votes that were learned, with the photographs' prior; None if none were."""
    split = with_expression(dataset.train, recipe.votes_weight)
    prior = photos_prior(split, recipe.votes_weight)
    if prior is None or split.votes is None:
        return None
    return {
        "weight": recipe.votes_weight,
        "images": int(split.votes.has_shares.sum()),
        "left_out": len(dataset.train) - len(split),
        "sha256": dataset.votes_sha256(),
        "prior": prior,
    }


def _identity(path: Path) -> dict[str, str]:
    """Return a model's name and SHA-256, which do not depend on its path."""
    card = read_zipped_card(path)
    return {"name": path.stem if card is None else card.name, "sha256": sha256_file(path)}


def _write_pictures(run: RunFolder, trained: Trained, dataset: Dataset, recipe: Recipe, evaluation: Evaluation) -> None:
    history = trained.progress.history
    run.write_history(history)
    title = f"{recipe.arch}: {recipe.name} recipe, batch {recipe.batch_size}, {len(dataset.train):,} images"
    plot_curves(history, run.path / "curves.png", title=title, augmented=is_augmenting(recipe))
    plot_confusion(evaluation, run.path / "confusion.png", title=f"{run.path.resolve().name}, validation split")
    plot_samples(dataset.train, run.path / "samples.png", seed=recipe.seed, side=7)


def _summary(trained: Trained, dataset: Dataset, recipe: Recipe, tables: str) -> str:
    progress = trained.progress
    lines: list[str] = []
    with _columns(_SUMMARY_COLUMNS):  # else Keras cuts its table off at the terminal's width
        trained.model.summary(print_fn=lines.append, line_length=_SUMMARY_COLUMNS)
    facts = (
        f"data     {dataset.source}: " + ", ".join(f"{len(s):,} {name.value}" for name, s in dataset.splits.items()),
        f"recipe   {recipe}",
        f"trained  {progress.epochs_done} epochs in {progress.seconds / 60:.1f} minutes, ended by {trained.ended_by}",
        f"model    the weights of epoch {progress.best_epoch}, the best by validation accuracy",
        *([f"scores   no temperature: {trained.no_temperature}"] if trained.no_temperature else []),
    )
    return "\n".join(("\n".join(lines), *facts, "", tables))


@contextmanager
def _columns(count: int) -> Iterator[None]:
    """Give the consoles that are built meanwhile a width."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(count)
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before
