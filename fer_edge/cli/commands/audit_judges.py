"""Judging of labels for `fer-edge data audit`, by people's votes or by networks, with the progress shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fer_edge.cli.messages import print_note
from fer_edge.dataset.copies import copy_groups
from fer_edge.dataset.data import Dataset
from fer_edge.inference.classifier import ScoresFaces, expression_scores
from fer_edge.scores import FloatArray
from fer_edge.terminal.consoles import progress_bar, stderr
from fer_edge.terminal.native_logs import importing_extra
from fer_edge.training.audit.by_votes import find_contradicted, require_votes
from fer_edge.training.audit.suspects import Audit, find_suspects
from fer_edge.training.recipe import Recipe


@dataclass(frozen=True)
class Judges:
    """Networks that judge labels: given models, and those that `recipe` trains on all folds but one."""

    models: tuple[Path, ...]
    folds: int
    recipe: Recipe | None


def audit_by_votes(dataset: Dataset) -> Audit:
    """Find labels that people's votes contradict."""
    votes = require_votes(dataset)
    with stderr().status("looking for copies"):
        copies = copy_groups(dataset.train.images)
    return find_contradicted(dataset.train, votes, copies)


def audit_by_networks(
    dataset: Dataset, judges: Judges, classifiers: list[ScoresFaces], folder: Path, *, overwrite: bool
) -> Audit:
    """Find labels that networks contradict, each of them in judging images that it has not seen.

    Args:
        dataset: Labelled faces.
        judges: Networks to train.
        classifiers: Models that judge as well.
        folder: Folder of the networks that are trained.
        overwrite: Train them again.

    Raises:
        MissingExtraError: If networks are to be trained, and TensorFlow is not installed.
    """
    if judges.recipe:
        with importing_extra("training the networks that judge", "train"):
            from fer_edge.cli.commands.fold_judges import judge_out_of_fold, require_unseen
        require_unseen(judges.recipe, dataset)
    with stderr().status("looking for copies"):
        copies = copy_groups(dataset.train.images)
    judgements = [_judge(classifier, dataset) for classifier in classifiers]
    if judges.recipe:
        judgements.append(judge_out_of_fold(dataset, judges.recipe, copies, judges.folds, folder, overwrite=overwrite))
    return find_suspects(dataset.train, judgements, copies)


def _judge(judge: ScoresFaces, dataset: Dataset) -> FloatArray:
    if judge.card.training.get("data_sha256") == dataset.sha256():
        print_note(f"{judge.card.name} was trained on these images, so it may have memorized wrong labels")
    with progress_bar(judge.card.name, len(dataset.train)) as on_progress:
        return expression_scores(judge, dataset.train.images, on_progress, dataset.classes)
