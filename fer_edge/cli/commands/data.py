"""`fer-edge data`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from fer_edge.cli.class_options import (
    CLASS_OPTIONS,
    choice_for,
    class_options,
    require_every_class,
    require_scored,
    take_choice,
)
from fer_edge.cli.commands.audit_judges import Judges, audit_by_networks, audit_by_votes
from fer_edge.cli.commands.audit_tables import print_findings
from fer_edge.cli.commands.data_check import check
from fer_edge.cli.commands.data_collect import collect
from fer_edge.cli.commands.data_split import split
from fer_edge.cli.data_options import (
    data_option,
    data_roles,
    official_split_option,
    read_voted_data,
    show_classes,
    strict_option,
    votes_option,
    yes_option,
)
from fer_edge.cli.file_roles import folder_role, require_apart, roles
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.recipe_options import RECIPE_SECTIONS, read_recipe, recipe_options, recipe_roles
from fer_edge.errors import InputError
from fer_edge.files import sole_user
from fer_edge.inference.card_reader import read_card
from fer_edge.terminal.consoles import stdout
from fer_edge.training.audit.report import CONTRADICTION, LIST_NAME, audit_paths, write_audit
from fer_edge.training.face_classifier import load_classifier, require_fit_for
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
"""Recipe that takes minutes a fold: a judge must learn the expressions without memorizing faces."""

_WITH_VOTES = {
    *("by_votes", "votes_file", "official_split", "data", "worst", "output", "overwrite", "strict", "yes"),
    *CLASS_OPTIONS,
}
"""Options of an audit by votes, which trains and runs no network."""


def _defaulting_to(values: dict[str, Any]) -> Callable[[click.Command], click.Command]:
    """Return a decorator that gives options of a command other defaults."""

    def change(command: click.Command) -> click.Command:
        for option in command.params:
            if isinstance(option, click.Option) and option.name in values:
                option.default, option.show_default = values[option.name], True
                option.help = (option.help or "").split("  [default")[0]
        return command

    return change


@click.group()
def command() -> None:
    """Collect, divide and check labelled faces."""


for each in (collect, split, check):
    command.add_command(each)


@_defaulting_to(_JUDGES_RECIPE)
@command.command(
    cls=SectionedCommand,
    sections={"data": "Data", "by_votes": "Audit", **RECIPE_SECTIONS},
)
@data_option
@votes_option
@official_split_option
@class_options
@strict_option
@yes_option
@click.option("--by-votes", is_flag=True, help="Judge labels by people's votes; no network is trained or needed.")
@click.option(
    "--folds",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Split the training images into so many parts; a network trained on the others judges each. 0: train none.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Model (.keras, .tflite or .onnx) that judges as well; repeatable.",
)
@click.option(
    "--worst", type=click.IntRange(1), default=200, show_default=True, help="Number of labels to show and to list."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=RUNS / "audit",
    show_default=True,
    help="Folder for the results.",
)
@click.option("--overwrite", is_flag=True, help="Replace the audit in --output, and train its networks again.")
@recipe_options
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

    Networks are trained on parts of the training split; each image is judged by the network that saw neither it nor a
    copy of it. With --model, classes and size are that model's. With --by-votes, people's votes judge instead, which
    takes seconds. The output folder gets suspects.csv, contact-sheet.png, duplicates.png and leave-out.txt: review that
    list, then give it to fer-edge train --leave-out.
    After Ctrl-C, the same command resumes.

    \b
    fer-edge data audit --data faces.zip
    fer-edge data audit --data faces.zip --by-votes
    fer-edge data audit --data faces.zip --folds 0 --model judge.keras
    """
    is_chosen = any(options[name] for name in CLASS_OPTIONS)
    choice, form = take_choice(options)
    judges = _read_judges(folds, models, votes_file, options, by_votes=by_votes)
    if (output / LIST_NAME).exists() and not overwrite:
        raise InputError(
            f"{output / LIST_NAME} exists and may have been reviewed: move it away to write it again from the same "
            "networks or votes, choose another --output, or replace everything with --overwrite"
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
    if classifiers and not is_chosen:
        choice, form = choice_for(classifiers[0].card)
    dataset = read_voted_data(
        data, votes_file, official_split=official_split, yes=yes, strict=strict, choice=choice, form=form
    )
    show_classes(dataset)
    for model, classifier in zip(models, classifiers, strict=True):
        require_scored(dataset, classifier.card)
        require_every_class(dataset, classifier.card)
        require_fit_for(model, classifier.card, dataset.classes, dataset.train.form)
    if by_votes:
        found = audit_by_votes(dataset)
    else:
        found = audit_by_networks(dataset, judges, classifiers, output / "folds", overwrite=overwrite)
    written = write_audit(found, output, data=dataset.name, worst=worst)
    print_findings(found, dataset)
    if sheets := [path for path in written if path.name.startswith(CONTRADICTION)]:
        stdout().print(
            f"{len(sheets)} sheets such as {sheets[0]} show what people see instead of the label", soft_wrap=True
        )
    stdout().print(
        f"{len(found.worst(worst)):,} are listed in {written[-1]}: review it beside "
        f"{output / 'contact-sheet.png'}, then train without them: fer-edge train --leave-out {written[-1]}",
        soft_wrap=True,
    )


def _read_judges(
    folds: int, models: tuple[Path, ...], votes_file: Path | None, options: dict[str, Any], *, by_votes: bool
) -> Judges:
    if by_votes:
        _refuse_networks_options()
        return Judges((), 0, None)
    if votes_file:
        raise InputError("--votes is for audits by votes: add --by-votes, or leave out --votes")
    if folds == 1 or not (folds or models):
        raise InputError("no judge: give --folds 2 or more, or --folds 0 with a --model, or --by-votes")
    if folds and options["votes_weight"]:
        raise InputError(
            "--votes-weight: networks that judge labels learn from labels only; leave it out, or judge by people's "
            "votes with --by-votes"
        )
    return Judges(models, folds, read_recipe(options) if folds else None)


def _refuse_networks_options() -> None:
    context = click.get_current_context()
    given = [
        max(param.opts, key=len)
        for param in context.command.params
        if param.name not in _WITH_VOTES
        and context.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise InputError(f"--by-votes uses no network: leave out {', '.join(given)}, or --by-votes")
