"""`fer-edge evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from fer_edge.cards.meaning import named_prior
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cli.class_options import choice_for, judged_classes_option, note_absent, require_scored
from fer_edge.cli.commands.hard_faces import (
    Findings,
    draw_stress,
    measure_all,
    print_findings,
    read_group_file,
    record,
)
from fer_edge.cli.commands.hard_faces_options import HardFacesOptions, hard_faces_options
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
from fer_edge.cli.model_options import (
    input_range_option,
    labels_option,
    logits_option,
    note_unverified,
    num_threads_option,
    prior_option,
    trust_option,
    warn_of_better_order,
    with_prior,
)
from fer_edge.cli.parameters import ModelPath, PicturePath
from fer_edge.cli.sections import SectionedCommand
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.groups import compare_split
from fer_edge.dataset.peoples_answer import facts_without_copies, people_facts
from fer_edge.errors import MissingExtraError
from fer_edge.evaluation.metrics import Evaluation, evaluate_scores
from fer_edge.evaluation.tables import confusion_table, evaluation_table
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import expression_scores
from fer_edge.models import SHIPPED_MODEL
from fer_edge.names import printable
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
@hard_faces_options
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
    asked = HardFacesOptions(**hard)
    asked.require_consistent(model, prior)
    picture = plot or Path(f"{model.stem}_confusion.png")
    reads = [*roles("MODEL", model), *data_roles(data), *roles("--votes", votes_file), *asked.reads()]
    require_apart(reads, [*roles("--plot", picture), *asked.writes(model)])
    peers = asked.stated_peers()
    if asked.update_card:
        read_card(model)  # before minutes of work for a file without one
    facts = StatedFacts(labels, input_range, logits, trusted=trust_model)
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
    stress = measure_all({model: classifier}, peers, faces) if asked.stress else {}
    findings = Findings(compared, stress)
    # Before the table, whose reader may leave: `| head`.
    warn_of_better_order(model.name, evaluation.confusion, classifier.card.labels, facts, dataset.classes)
    copied = exact_copies(faces.images, dataset.train.images)
    title = f"{model.name}, {split}"
    _plot(evaluation, picture, title, is_wanted=plot is not None)
    draw_stress(stress, asked.chart(model), title, is_wanted=asked.stress_plot is not None)
    if asked.update_card:
        record(model, findings, f"{split} of {dataset.name}")
    if as_json:
        source = {"model": printable(str(model)), "runtime": classifier.runtime, "data": dataset.source, "split": split}
        assumed = {"prior": named_prior(classifier.card), "prior_shares": classifier.card.prior}
        people = people_facts(scores, faces, classifier.card)
        without = facts_without_copies(scores, faces, copied)
        click.echo(json.dumps({**source, **assumed, **evaluation.as_dict(), **people, **without, **findings.as_dict()}))
    else:
        title = f"{model.name} in {classifier.runtime}{_of_prior(classifier.card)}: {split} of {dataset.name}"
        stdout().print(evaluation_table(evaluation, title))
        stdout().print(confusion_table(evaluation))
        title = f"{model.name}: people's answer on {split} of {dataset.name}"
        show_peoples_answer(scores, faces, classifier.card, title)
        show_without_copies(scores, faces, copied)
        print_findings(findings, f"{split} of {dataset.name}")


def _of_prior(card: ModelCard) -> str:
    prior = named_prior(card)
    return "" if prior is None else f", prior {prior}"


def _plot(evaluation: Evaluation, path: Path, title: str, *, is_wanted: bool) -> None:
    try:
        from fer_edge.training.plots import plot_confusion
    except ImportError as error:
        if is_wanted:
            raise MissingExtraError("drawing the confusion matrix", "train", str(error)) from error
        return  # the device install has no plotting library, and none was asked for
    plot_confusion(evaluation, path, title=title)
    stderr().print(f"written: {path}")
