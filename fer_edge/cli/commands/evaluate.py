"""`fer-edge evaluate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from fer_edge.cli.consoles import stderr, stdout
from fer_edge.cli.file_roles import require_apart, roles
from fer_edge.cli.model_path import ModelPath
from fer_edge.cli.options import (
    data_option,
    data_roles,
    progress_bar,
    require_picture_name,
    strict_option,
    yes_option,
)
from fer_edge.cli.parameters import MOST_THREADS
from fer_edge.cli.prior_options import named_prior, prior_option, with_prior
from fer_edge.cli.quiet import native_stderr_muffled
from fer_edge.cli.stated_options import (
    input_range_option,
    labels_option,
    logits_option,
    trust_option,
    warn_if_unverified,
    warn_of_better_order,
)
from fer_edge.cli.votes_options import (
    official_split_option,
    read_voted_data,
    show_peoples_answer,
    show_without_copies,
    votes_option,
)
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.data import FACE_SIZE
from fer_edge.dataset.peoples_answer import facts_without_copies, people_facts
from fer_edge.errors import MissingExtraError, ModelError
from fer_edge.inference.classifier import Classifier, ScoresFaces, expression_scores
from fer_edge.metrics import Evaluation, evaluate_scores
from fer_edge.model_card import ModelCard
from fer_edge.models import SHIPPED_MODEL
from fer_edge.names import printable
from fer_edge.scores import require_expressions
from fer_edge.stated_facts import NOTHING_STATED, StatedFacts
from fer_edge.tables import confusion_table, evaluation_table


@click.command()
@click.argument("model", type=ModelPath(), default=SHIPPED_MODEL)
@data_option
@votes_option
@official_split_option
@click.option("--split", default="validation", show_default=True, help="train, validation, or test where there is one.")
@labels_option
@input_range_option
@logits_option
@prior_option("Re-weigh the scores for faces that show each expression so often")
@trust_option
@click.option("--num-threads", type=click.IntRange(1, MOST_THREADS), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else on stdout.")
@click.option("--plot", type=click.Path(path_type=Path), help="Confusion matrix PNG.  [default: <model>_confusion.png]")
@strict_option
@yes_option
def command(
    model: Path,
    data: str | None,
    votes_file: Path | None,
    official_split: bool,
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
) -> None:
    """Measure MODEL (.keras, .tflite or .onnx; the shipped one by default) on labelled faces.

    TFLite and ONNX files need no TensorFlow.

    \b
    fer-edge evaluate runs/documented/model.keras --data face-expression-recognition-dataset.zip
    fer-edge evaluate runs/documented/export/documented_int8.tflite --json
    """
    picture = plot or Path(f"{model.stem}_confusion.png")
    require_apart([*roles("MODEL", model), *data_roles(data), *roles("--votes", votes_file)], roles("--plot", picture))
    require_picture_name("--plot", picture)
    facts = StatedFacts(labels, input_range, logits, trusted=trust_model)
    classifier = with_prior(load_classifier(model, num_threads, facts), prior, model)
    warn_if_unverified(model, classifier.card)
    dataset = read_voted_data(data, votes_file, official_split=official_split, yes=yes, strict=strict)
    faces = dataset.split(split)
    with progress_bar(model.name, len(faces)) as on_progress:
        scores = expression_scores(classifier, faces.images, on_progress)
    evaluation = evaluate_scores(scores, faces.labels)
    # Before the table, whose reader may leave: `| head`.
    warn_of_better_order(model.name, evaluation.confusion, classifier.card.labels, facts)
    copied = exact_copies(faces.images, dataset.train.images)
    _plot(evaluation, picture, f"{model.name}, {split}", is_wanted=plot is not None)
    if as_json:
        source = {"model": printable(str(model)), "runtime": classifier.runtime, "data": dataset.source, "split": split}
        assumed = {"prior": named_prior(classifier.card), "prior_shares": classifier.card.prior}
        people = people_facts(scores, faces, classifier.card)
        without = facts_without_copies(scores, faces, copied)
        click.echo(json.dumps({**source, **assumed, **evaluation.as_dict(), **people, **without}))
    else:
        title = f"{model.name} in {classifier.runtime}{_of_prior(classifier.card)}: {split} of {dataset.name}"
        stdout.print(evaluation_table(evaluation, title))
        stdout.print(confusion_table(evaluation))
        title = f"{model.name}: people's answer on {split} of {dataset.name}"
        show_peoples_answer(scores, faces, classifier.card, title)
        show_without_copies(scores, faces, copied)


def _of_prior(card: ModelCard) -> str:
    prior = named_prior(card)
    return "" if prior is None else f", prior {prior}"


def load_classifier(model: Path, num_threads: int = 1, facts: StatedFacts = NOTHING_STATED) -> ScoresFaces:
    """Load a .keras, .tflite or .onnx classifier of the data's expressions.

    Args:
        model: The file.
        num_threads: Of the interpreter.
        facts: What a file without a card does not say itself.

    Raises:
        ModelError: If it cannot be used, or tells other expressions apart, or takes faces of another size.
        MissingExtraError: If TensorFlow is needed and not installed.
    """
    classifier: ScoresFaces
    if model.suffix.lower() == ".keras":
        try:
            with native_stderr_muffled():
                from fer_edge.training.networks.keras_file import KerasClassifier
        except ImportError as error:
            raise MissingExtraError("evaluating a .keras file", "train", str(error)) from error
        classifier = KerasClassifier.load(model, facts)
    else:
        with native_stderr_muffled():
            classifier = Classifier.load(model, num_threads=num_threads, facts=facts)
    require_expressions(classifier.card.labels, model)
    width, height = classifier.card.input.size_wh
    if (width, height) != (FACE_SIZE, FACE_SIZE):
        raise ModelError(
            f"{model}: expected a model of {FACE_SIZE}x{FACE_SIZE} faces, as the data has, got one of {width}x{height}"
        )
    return classifier


def _plot(evaluation: Evaluation, path: Path, title: str, *, is_wanted: bool) -> None:
    try:
        from fer_edge.training.plots import plot_confusion
    except ImportError as error:
        if is_wanted:
            raise MissingExtraError("drawing the confusion matrix", "train", str(error)) from error
        return  # the device install has no plotting library, and none was asked for
    plot_confusion(evaluation, path, title=title)
    stderr.print(f"written: {path}")
