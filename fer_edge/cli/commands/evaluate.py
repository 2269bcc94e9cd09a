"""`fer-edge evaluate`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from fer_edge.cards.meaning import named_prior
from fer_edge.cli.class_options import choice_for, judged_classes_option, note_absent, require_scored
from fer_edge.cli.commands.evaluation_findings import (
    Findings,
    draw_stress,
    measure_changed_faces,
    print_findings,
    read_group_file,
    record,
)
from fer_edge.cli.commands.evaluation_options import EvaluationOptions, evaluation_options
from fer_edge.cli.data_options import (
    data_option,
    data_roles,
    official_split_option,
    read_voted_data,
    show_peoples_answer,
    show_without_copies,
    strict_option,
    votes_option,
    yes_option,
)
from fer_edge.cli.file_roles import require_apart, roles
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.model_options import (
    input_range_option,
    labels_option,
    logits_option,
    note_unverified,
    num_threads_option,
    prior_option,
    stated_facts,
    trust_option,
    warn_of_better_order,
    with_prior,
)
from fer_edge.cli.parameters import ModelPath, PicturePath
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.groups import compare_split
from fer_edge.dataset.peoples_answer import (
    evaluate_by_votes,
    facts_without_copies,
    people_facts,
    reliability_by_votes,
)
from fer_edge.errors import InputError, MissingExtraError
from fer_edge.evaluation.metrics import Evaluation, evaluate_scores
from fer_edge.evaluation.tables import confusion_table, evaluation_table
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import ScoresFaces, expression_scores
from fer_edge.models import SHIPPED_MODEL
from fer_edge.names import printable
from fer_edge.scores import FloatArray
from fer_edge.terminal.consoles import progress_bar, stderr, stdout
from fer_edge.training.face_classifier import load_classifier


@click.command(
    cls=SectionedCommand, sections={"data": "Data", "labels": "Model", "as_json": "Outputs", "strict": "Data"}
)
@click.argument("model", type=ModelPath(), default=SHIPPED_MODEL)
@data_option
@votes_option
@official_split_option
@judged_classes_option
@click.option(
    "--split",
    default="validation",
    show_default=True,
    help="Split to measure on: train, validation, or test if the data set has one.",
)
@labels_option
@input_range_option
@logits_option
@prior_option("Shares of the expressions among the faces, for which scores are re-weighted")
@trust_option
@num_threads_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of tables.")
@click.option("--plot", type=PicturePath(), help="Picture of the confusion matrix.  [default: <model>_confusion.png]")
@click.option(
    "--reliability-plot",
    type=PicturePath(),
    help="Picture of the share predicted against the share voted, for images with people's votes.  [default: none]",
)
@evaluation_options
@strict_option
@yes_option
def command(
    model: Path,
    data: str | None,
    votes_file: Path | None,
    official_split: bool,
    judged_classes: tuple[str, ...] | None,
    split: str,
    labels: tuple[str, ...] | None,
    input_range: tuple[float, float] | None,
    logits: bool,
    prior: str | None,
    trust_model: bool,
    num_threads: int,
    as_json: bool,
    plot: Path | None,
    reliability_plot: Path | None,
    strict: bool,
    yes: bool,
    **hard: Any,
) -> None:
    """Measure MODEL (.keras, .tflite or .onnx; the shipped one by default) on labelled faces.

    Prints precision, recall and F1 of each expression and the confusion matrix, and, for images with people's votes,
    the agreement with them. The images may be of some of MODEL's classes only: it may still answer with the others, and
    is wrong then. --groups and --stress say for whom and when it is worse. Only .keras files need TensorFlow.

    \b
    fer-edge evaluate runs/documented/model.keras --data faces.zip
    fer-edge evaluate runs/documented/export/documented_int8.tflite --json
    fer-edge evaluate mine_int8.tflite --groups groups.csv
    fer-edge evaluate mine_int8.tflite --stress --peer compact
    """
    asked = EvaluationOptions(**hard)
    asked.require_consistent(model, prior)
    picture = plot or Path(f"{model.stem}_confusion.png")
    reads = [*roles("MODEL", model), *data_roles(data), *roles("--votes", votes_file), *asked.reads()]
    require_apart(
        reads, [*roles("--plot", picture), *roles("--reliability-plot", reliability_plot), *asked.writes(model)]
    )
    peers = asked.stated_peers()
    if asked.update_card:
        read_card(model)  # before minutes of work for a file without one
    facts = stated_facts(labels, input_range, logits, trusted=trust_model)
    classifier = with_prior(load_classifier(model, num_threads, facts), prior, model)
    note_unverified(model, classifier.card)
    choice, form = choice_for(classifier.card, judged_classes)
    dataset = read_voted_data(
        data, votes_file, official_split=official_split, yes=yes, strict=strict, choice=choice, form=form
    )
    require_scored(dataset, classifier.card)
    faces = dataset.split(split)
    note_absent(faces, classifier.card)
    groups = None if asked.groups_file is None else read_group_file(asked.groups_file, faces)
    with progress_bar(model.name, len(faces)) as on_progress:
        scores = expression_scores(classifier, faces.images, on_progress, dataset.classes)
    evaluation = evaluate_scores(scores, faces.labels, dataset.classes)
    compared = None if groups is None else compare_split(scores.argmax(axis=1), faces, groups, faces.classes)
    stress = measure_changed_faces(model, classifier, peers, faces) if asked.stress else {}
    found = _Results(model, classifier, dataset, split, scores, evaluation, Findings(compared, stress))
    # Before the table, whose reader may leave: `| head`.
    warn_of_better_order(model.name, evaluation.confusion, classifier.card.labels, facts, dataset.classes)
    _plot(evaluation, picture, f"{model.name}, {split}", is_wanted=plot is not None)
    if reliability_plot is not None:
        _plot_reliability(scores, faces, reliability_plot, f"{model.name}, {split}")
    draw_stress(stress, asked.chart(model), f"{model.name}, {split}", is_wanted=asked.stress_plot is not None)
    if asked.update_card:
        record(model, found.findings, found.data)
    if as_json:
        click.echo(json.dumps(found.as_dict()))
    else:
        found.show()


@dataclass(frozen=True)
class _Results:
    """Results of a model on one split of a data set."""

    model: Path
    classifier: ScoresFaces
    dataset: Dataset
    split: str
    scores: FloatArray
    evaluation: Evaluation
    findings: Findings

    @property
    def data(self) -> str:
        """The faces in words."""
        return f"{self.split} of {self.dataset.name}"

    def as_dict(self) -> dict[str, Any]:
        """Return the results for JSON."""
        card, faces = self.classifier.card, self.dataset.split(self.split)
        model = {"model": printable(str(self.model)), "runtime": self.classifier.runtime}
        data = {"data": self.dataset.source, "split": self.split}
        prior = {"prior": named_prior(card), "prior_shares": card.prior}
        people = people_facts(self.scores, faces, card) | facts_without_copies(self.scores, faces, self._copied())
        return {**model, **data, **prior, **self.evaluation.as_dict(), **people, **self.findings.as_dict()}

    def show(self) -> None:
        """Print the results as tables."""
        card, faces, name = self.classifier.card, self.dataset.split(self.split), self.model.name
        prior = "" if (named := named_prior(card)) is None else f", prior {named}"
        stdout().print(
            evaluation_table(self.evaluation, f"{name} in {self.classifier.runtime}{prior}: the label on {self.data}")
        )
        stdout().print(confusion_table(self.evaluation))
        show_peoples_answer(self.scores, faces, card, f"{name}: people's answer on {self.data}")
        show_without_copies(self.scores, faces, self._copied())
        print_findings(self.findings, self.data)

    def _copied(self) -> npt.NDArray[np.bool_]:
        return exact_copies(self.dataset.split(self.split).images, self.dataset.train.images)


def _plot_reliability(scores: FloatArray, faces: Split, path: Path, title: str) -> None:
    answer = None if faces.votes is None else evaluate_by_votes(scores, faces.votes)
    if answer is None or faces.votes is None:
        raise InputError("--reliability-plot: expected images with people's votes, got none; leave it out")
    try:
        from fer_edge.training.reliability_plot import plot_reliability
    except ImportError as error:
        raise MissingExtraError("drawing the reliability", "train", str(error)) from error
    words = (
        f"{title}, {faces.votes.has_shares.sum():,} images\ncalibration error by votes {answer.calibration_error:.3f}"
    )
    plot_reliability(reliability_by_votes(scores, faces.votes), path, title=words)
    stderr().print(f"written: {path}")


def _plot(evaluation: Evaluation, path: Path, title: str, *, is_wanted: bool) -> None:
    try:
        from fer_edge.training.plots import plot_confusion
    except ImportError as error:
        if is_wanted:
            raise MissingExtraError("drawing the confusion matrix", "train", str(error)) from error
        return  # the device install has no plotting library, and none was asked for
    plot_confusion(evaluation, path, title=title)
    stderr().print(f"written: {path}")
