"""`fer-edge data`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fer_edge.cli.commands.audit_tables import answers_table, doubts_table
from fer_edge.cli.commands.evaluate import load_classifier
from fer_edge.cli.consoles import stderr, stdout
from fer_edge.cli.file_roles import folder_role, require_apart, roles
from fer_edge.cli.options import data_option, data_roles, progress_bar, strict_option, yes_option
from fer_edge.cli.quiet import native_stderr_muffled
from fer_edge.cli.recipe_options import read_recipe, recipe_options, recipe_roles
from fer_edge.cli.votes_options import official_split_option, read_voted_data, votes_option
from fer_edge.dataset.copies import copy_groups
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError, MissingExtraError
from fer_edge.files import sole_user
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.labels import EXPRESSIONS
from fer_edge.scores import FloatArray, in_expression_order
from fer_edge.training.audit.by_votes import count_answers, find_contradicted, require_votes
from fer_edge.training.audit.report import CONTRADICTION, LIST_NAME, audit_paths, write_audit
from fer_edge.training.audit.suspects import Audit, find_suspects
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RUNS

_JUDGES_RECIPE = {
    "recipe_name": "modern",
    "arch": "compact-s",
    "epochs": 16,
    "ema": 0.99,
    "mixup": 0.0,
    "erase": 0.0,
    "label_smoothing": 0.0,
    "votes_weight": 0.0,
}
"""Minutes a fold: a judge must know the expressions, and not each face by heart."""

_WITH_VOTES = {"by_votes", "votes_file", "official_split", "data", "worst", "output", "overwrite", "strict", "yes"}
"""Options of an audit in which no network judges."""


@dataclass(frozen=True)
class _Judges:
    """Networks that judge: models, and those to be trained by `recipe` on all folds but one."""

    models: tuple[Path, ...]
    folds: int
    recipe: Recipe | None


def _defaulting_to(values: dict[str, Any]) -> Callable[[click.Command], click.Command]:
    """Give options of a command other defaults."""

    def change(command: click.Command) -> click.Command:
        for option in command.params:
            if isinstance(option, click.Option) and option.name in values:
                option.default, option.show_default = values[option.name], True
                option.help = (option.help or "").split("  [default")[0]
        return command

    return change


@click.group()
def command() -> None:
    """Look after labelled faces."""


@_defaulting_to(_JUDGES_RECIPE)
@command.command()
@data_option
@click.option("--by-votes", is_flag=True, help="Let people judge, by their votes: no network is trained or needed.")
@votes_option
@official_split_option
@click.option(
    "--folds",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Parts that are judged by a network trained on the others; 0 trains none.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Let this model (.keras, .tflite or .onnx) judge too; give several for several judges.",
)
@click.option("--worst", type=click.IntRange(1), default=200, show_default=True, help="Labels to show and to list.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=RUNS / "audit", show_default=True, help="Folder of results."
)
@click.option("--overwrite", is_flag=True, help="Replace the audit in --output, and train its networks anew.")
@recipe_options
@strict_option
@yes_option
def audit(
    data: str | None,
    by_votes: bool,
    votes_file: Path | None,
    official_split: bool,
    folds: int,
    models: tuple[Path, ...],
    worst: int,
    output: Path,
    overwrite: bool,
    strict: bool,
    yes: bool,
    **options: Any,
) -> None:
    """Find the training images whose labels are most likely wrong, and list them for a person to review.

    Networks are trained on parts of the training split, and each image is judged by the one that has not seen it, nor a
    copy. With --by-votes people judge instead, which takes seconds. The folder gets suspects.csv, contact-sheet.png,
    duplicates.png and leave-out.txt, which fer-edge train --leave-out takes once a person has reviewed it. The same
    command goes on after Ctrl-C.

    \b
    fer-edge data audit --data face-expression-recognition-dataset.zip
    fer-edge data audit --data face-expression-recognition-dataset.zip --by-votes
    fer-edge data audit --data face-expression-recognition-dataset.zip --folds 0 --model judge.keras
    """
    judges = _read_judges(folds, models, votes_file, options, by_votes=by_votes)
    if (output / LIST_NAME).exists() and not overwrite:
        raise InputError(
            f"{output / LIST_NAME} may have been reviewed: choose another --output, or move it away to write another "
            "from the same networks or votes, or --overwrite it"
        )
    reads = [*data_roles(data), *roles("--votes", votes_file), *roles("--model", *models)]
    require_apart(
        [*reads, *(recipe_roles(judges.recipe) if judges.recipe else [])],
        [folder_role("--output", output / "folds"), *roles("--output", *audit_paths(output))],
    )
    for model in models:
        read_card(model)  # here nothing can be stated about a model that has none
    click.get_current_context().with_resource(sole_user(output))
    classifiers = [load_classifier(model) for model in models]
    dataset = read_voted_data(data, votes_file, official_split=official_split, yes=yes, strict=strict)
    if by_votes:
        found = _audit_by_votes(dataset)
    else:
        found = _audit_by_networks(dataset, judges, classifiers, output / "folds", overwrite=overwrite)
    written = write_audit(found, output, data=dataset.name, worst=worst)
    _print_findings(found, dataset)
    if sheets := [path for path in written if path.name.startswith(CONTRADICTION)]:
        stdout.print(f"{len(sheets)} sheets such as {sheets[0]} show what people see instead", soft_wrap=True)
    stdout.print(
        f"{len(found.worst(worst)):,} are in {written[-1]}: review it beside {output / 'contact-sheet.png'}, "
        "then fer-edge train --leave-out it",
        soft_wrap=True,
    )


def _read_judges(
    folds: int, models: tuple[Path, ...], votes_file: Path | None, options: dict[str, Any], *, by_votes: bool
) -> _Judges:
    if by_votes:
        _refuse_networks_options()
        return _Judges((), 0, None)
    if votes_file:
        raise click.UsageError("--votes are what people judge by: give --by-votes too, or leave out --votes")
    if folds == 1 or not (folds or models):
        raise click.UsageError("nobody to judge: give --folds 2 or more, or --folds 0 and a --model, or --by-votes")
    if folds and options["votes_weight"]:
        raise click.UsageError(
            "--votes-weight: networks that judge labels learn nothing but labels; leave it out, or let people judge by "
            "their votes with --by-votes"
        )
    return _Judges(models, folds, read_recipe(options) if folds else None)


def _refuse_networks_options() -> None:
    context = click.get_current_context()
    given = [
        max(param.opts, key=len)
        for param in context.command.params
        if param.name not in _WITH_VOTES
        and context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"--by-votes trains and asks no network: leave out {', '.join(given)}, or --by-votes")


def _audit_by_votes(dataset: Dataset) -> Audit:
    votes = require_votes(dataset)
    with stderr.status("looking for copies"):
        copies = copy_groups(dataset.train.images)
    return find_contradicted(dataset.train, votes, copies)


def _audit_by_networks(
    dataset: Dataset, judges: _Judges, classifiers: list[ScoresFaces], folder: Path, *, overwrite: bool
) -> Audit:
    if judges.recipe:
        try:
            with native_stderr_muffled():
                from fer_edge.cli.commands.fold_judges import judge_out_of_fold, require_unseen
        except ImportError as error:
            raise MissingExtraError("training the networks that judge", "train", str(error)) from error
        require_unseen(judges.recipe, dataset)
    with stderr.status("looking for copies"):
        copies = copy_groups(dataset.train.images)
    judgements = [_judge(classifier, dataset) for classifier in classifiers]
    if judges.recipe:
        judgements.append(judge_out_of_fold(dataset, judges.recipe, copies, judges.folds, folder, overwrite=overwrite))
    return find_suspects(dataset.train, judgements, copies)


def _judge(judge: ScoresFaces, dataset: Dataset) -> FloatArray:
    if judge.card.training.get("data_sha256") == dataset.sha256():
        stderr.print(f"note: {judge.card.name} was trained on these images, so it may know wrong labels by heart")
    with progress_bar(judge.card.name, len(dataset.train)) as on_progress:
        scores = judge.classify_all(dataset.train.images, on_progress)
    return in_expression_order(scores, judge.card.labels)


def _print_findings(audit: Audit, dataset: Dataset) -> None:
    title = f"labels in doubt, training split of {dataset.name}"
    votes = audit.split.votes
    if audit.judgement.by_people and votes is not None:
        stdout.print(answers_table(audit, count_answers(audit.split, votes), title))
    else:
        stdout.print(doubts_table(audit, title))
        _print_agreement(audit)


def _print_agreement(audit: Audit) -> None:
    counts = audit.split.class_counts()
    agreement = float((audit.judgement.scores.argmax(axis=1) == audit.split.labels).mean())
    stdout.print(f"the judges agree with {agreement:.1%} of the labels")
    if agreement <= counts.max() / counts.sum():
        stderr.print(
            f"note: always answering {EXPRESSIONS[counts.argmax()]} would do as well, so their ranking means nothing: "
            "train them longer (--epochs)"
        )
