"""`fer-edge data`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.progress import TaskID
from rich.table import Table

from fer_edge.cli.consoles import stderr, stdout
from fer_edge.cli.evaluate import load_classifier
from fer_edge.cli.file_roles import folder_role, require_apart, roles
from fer_edge.cli.options import (
    data_option,
    data_roles,
    make_progress,
    progress_bar,
    read_data,
    strict_option,
    yes_option,
)
from fer_edge.cli.recipe_options import read_recipe, recipe_options, recipe_roles
from fer_edge.errors import InputError
from fer_edge.files import sole_user
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.classifier import ScoresFaces, read_card
from fer_edge.scores import in_expression_order
from fer_edge.tables import make_table
from fer_edge.training.audit import Audit, FloatArray, IntArray, find_suspects
from fer_edge.training.audit_report import LIST_NAME, audit_paths, write_audit
from fer_edge.training.copies import copy_groups
from fer_edge.training.data import Dataset
from fer_edge.training.folds import assign_folds, clear_folds, score_out_of_fold
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
    copy. The folder gets suspects.csv, contact-sheet.png, duplicates.png and leave-out.txt, which fer-edge train
    --leave-out takes once a person has reviewed it. The same command goes on after Ctrl-C.

    \b
    fer-edge data audit --data face-expression-recognition-dataset.zip
    fer-edge data audit --data face-expression-recognition-dataset.zip --folds 0 --model judge.keras
    """
    if folds == 1 or not (folds or models):
        raise click.UsageError("nobody to judge: give --folds 2 or more, or --folds 0 and a --model")
    if (output / LIST_NAME).exists() and not overwrite:
        raise InputError(
            f"{output / LIST_NAME} may have been reviewed: choose another --output, or move it away to write another "
            "from the same networks, or --overwrite it"
        )
    recipe = read_recipe(options)
    require_apart(
        [*data_roles(data), *roles("--model", *models), *recipe_roles(recipe)],
        [folder_role("--output", output / "folds"), *roles("--output", *audit_paths(output))],
    )
    for model in models:
        read_card(model)  # here nothing can be stated about a model that has none
    click.get_current_context().with_resource(sole_user(output))
    for model in models:
        read_card(model)  # here nothing can be stated about a model that has none
    judges = [load_classifier(model) for model in models]
    dataset = read_data(data, yes=yes, strict=strict)
    if folds:
        _require_unseen(recipe, dataset)
    if overwrite:
        (output / LIST_NAME).unlink(missing_ok=True)
        clear_folds(output / "folds")
    with stderr.status("looking for copies"):
        copies = copy_groups(dataset.train.images)
    judgements = [_judge(judge, dataset) for judge in judges]
    if folds:
        fold_of = assign_folds(dataset.train.labels, copies, folds, recipe.seed)
        judgements.append(_judge_out_of_fold(dataset, recipe, fold_of, output))
    found = find_suspects(dataset.train, judgements, copies)
    written = write_audit(found, output, data=dataset.name, worst=worst)
    stdout.print(_class_table(found, f"labels in doubt, training split of {dataset.name}"))
    _print_agreement(found)
    stdout.print(
        f"{len(found.worst(worst)):,} are in {written[-1]}: review it beside {output / 'contact-sheet.png'}, "
        "then fer-edge train --leave-out it",
        soft_wrap=True,
    )


def _require_unseen(recipe: Recipe, dataset: Dataset) -> None:
    """Raise if the folds' networks would learn from a model that knows the labels they shall judge."""
    for path in filter(None, (recipe.start_from, *recipe.teachers)):
        if read_card(Path(path)).training.get("data_sha256") == dataset.sha256():
            raise InputError(
                f"{path} was trained on these images, and would hand on their wrong labels to the networks that judge "
                "them: leave out --start-from and --distill, or let it judge by itself with --folds 0 --model"
            )


def _judge(judge: ScoresFaces, dataset: Dataset) -> FloatArray:
    if judge.card.training.get("data_sha256") == dataset.sha256():
        stderr.print(f"note: {judge.card.name} was trained on these images, so it may know wrong labels by heart")
    with progress_bar(judge.card.name, len(dataset.train)) as on_progress:
        scores = judge.classify_all(dataset.train.images, on_progress)
    return in_expression_order(scores, judge.card.labels)


def _judge_out_of_fold(dataset: Dataset, recipe: Recipe, fold_of: IntArray, output: Path) -> FloatArray:
    try:
        with _Display(int(fold_of.max()) + 1, recipe.epochs) as display:
            return score_out_of_fold(dataset, recipe, fold_of, output / "folds", display.observe)
    except KeyboardInterrupt:
        stderr.print("the same command goes on from here")
        raise


def _class_table(audit: Audit, title: str) -> Table:
    table = make_table(title, ["label"], ["images", "in doubt", "share"])
    images, suspects = audit.split.class_counts(), audit.counts()
    for name, total, count in zip(EXPRESSIONS, images, suspects, strict=True):
        table.add_row(name, f"{total:,}", f"{count:,}", f"{count / total:.1%}")
    table.add_section()
    table.add_row("all", f"{images.sum():,}", f"{suspects.sum():,}", f"{suspects.sum() / images.sum():.1%}")
    return table


def _print_agreement(audit: Audit) -> None:
    counts = audit.split.class_counts()
    agreement = float((audit.scores.argmax(axis=1) == audit.split.labels).mean())
    stdout.print(f"the judges agree with {agreement:.1%} of the labels")
    if agreement <= counts.max() / counts.sum():
        stderr.print(
            f"note: always answering {EXPRESSIONS[counts.argmax()]} would do as well, so their ranking means nothing: "
            "train them longer (--epochs)"
        )


class _Display:
    """Shows the epochs of all folds as one bar, and a line per fold that is done."""

    def __init__(self, folds: int, epochs: int) -> None:
        self._progress = make_progress()
        self._folds, self._epochs = folds, epochs
        self._task = TaskID(0)

    def __enter__(self) -> _Display:
        self._progress.start()
        self._task = self._progress.add_task("", total=self._folds * self._epochs)
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def observe(self, fold: int) -> _FoldObserver:
        """The observer of a fold, from 0."""
        name = f"fold {fold + 1} of {self._folds}"

        def advance(epochs: float) -> None:
            self._progress.update(self._task, description=f"epochs of {name}", completed=fold * self._epochs + epochs)

        advance(0)
        return _FoldObserver(name, advance)


class _FoldObserver:
    """Passes on how much of a fold's training is done, in epochs."""

    def __init__(self, name: str, advance: Callable[[float], None]) -> None:
        self._name, self._advance = name, advance
        self._done, self._steps = 0, 1

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        """Begin where the fold was left."""
        self._done, self._steps = epochs_done, steps
        self._advance(epochs_done)

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Move the bar by a step."""
        self._advance(self._done + step / self._steps)

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Print the epoch's line."""
        self._done = epoch
        stderr.print(
            f"{self._name}, epoch {epoch}: {logs['seconds']:.0f} s, accuracy {logs['accuracy']:.4f}, "
            f"val_accuracy {logs['val_accuracy']:.4f}"
        )
