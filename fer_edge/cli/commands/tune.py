"""`fer-edge tune`."""

from __future__ import annotations

import os
import shlex
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import fields, replace
from enum import Enum
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.table import Table

from fer_edge.cli.class_options import class_options, take_choice
from fer_edge.cli.commands.training_display import TrainingDisplay
from fer_edge.cli.commands.training_job import LabelledFaces
from fer_edge.cli.data_options import (
    data_option,
    official_split_option,
    strict_option,
    votes_option,
    yes_option,
)
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.messages import print_note
from fer_edge.cli.recipe_options import RECIPE_SECTIONS, network_words, read_recipe, recipe_options
from fer_edge.dataset.data import Dataset
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.files import sole_user
from fer_edge.terminal.consoles import stderr, stdout
from fer_edge.terminal.tables import make_table
from fer_edge.training.recipe import RECIPES, MixedPrecision, Recipe
from fer_edge.training.tune.folder import TuningFolder
from fer_edge.training.tune.plot import plot_tuning
from fer_edge.training.tune.space import DEFAULT_OVER, SPACE, read_space
from fer_edge.training.tune.study import Study, TrialResult, TunerName, ranked
from fer_edge.training.tune.tuner import RecipeTuner, Role

_SHOWN = 10
_NOT_SEARCHED = {"name", "epochs", "teachers", "bfloat16"}
"""Fields of `Recipe` that the best trial's command line does not take from its values."""


@click.command(cls=SectionedCommand, sections={"data": "Data", **RECIPE_SECTIONS, "over": "Search"})
@data_option
@votes_option
@official_split_option
@class_options
@strict_option
@yes_option
@recipe_options
@click.option(
    "--over",
    multiple=True,
    metavar="NAME[=LOW:HIGH|=A,B,...]",
    help=f"Part of the recipe to search over; repeatable: {', '.join(SPACE)}.  [default: {', '.join(DEFAULT_OVER)}]",
)
@click.option(
    "--tuner", type=click.Choice([name.value for name in TunerName]), default="hyperband", show_default=True,
    help="Algorithm that proposes the values of each trial.",
)  # fmt: skip
@click.option("--trials", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of trials.")
@click.option("--images", type=click.IntRange(1), help="Train on a random choice of so many images.  [default: all]")
@click.option("--output", type=click.Path(path_type=Path), help="Folder for the search.  [default: tuning/<arch>]")
@click.option("--overwrite", is_flag=True, help="Replace the search in --output.")
def command(
    data: str | None,
    votes_file: Path | None,
    official_split: bool,
    over: tuple[str, ...],
    tuner: str,
    trials: int,
    images: int | None,
    output: Path | None,
    overwrite: bool,
    strict: bool,
    yes: bool,
    **options: Any,
) -> None:
    """Search for the recipe values that train best.

    Each trial trains the recipe with other values and is ranked by its best validation accuracy. The folder gets
    trials.csv, tuning.png and best.json. Ctrl-C writes them for the trials so far and stops; the same command resumes.
    docs/tuning.md explains how several machines share a search.

    \b
    fer-edge tune --data faces.zip --recipe modern --arch compact-s --epochs 5
    fer-edge tune --data synthetic --epochs 2 --tuner random --over batch_size
    fer-edge tune --recipe modern --over mixup=0:0.3 --over ema=0.99,0.998
    """
    warnings.filterwarnings("ignore", module="sklearn")  # about the Bayesian tuner's fit to few points
    choice, form = take_choice(options)
    recipe = read_recipe(options)
    faces = LabelledFaces(data, votes_file, official_split, None, choice, form, strict=strict, yes=yes)
    space = read_space(_without_fixed(over), recipe)
    study = Study(recipe, space, TunerName(tuner), trials, images)
    folder = TuningFolder(output or Path("tuning") / recipe.arch)
    if overwrite and Role.of_process() is Role.WORKER:
        raise InputError("--overwrite is for the chief: leave it out for workers")
    faces.require_apart(recipe, folder.trials, folder.files)
    if Role.of_process() is not Role.WORKER:
        _hold(folder)
    dataset = faces.read((), recipe.votes_weight)
    earlier = folder.replacement
    display = _SearchDisplay(trials, earlier.confirm)
    with earlier.replacing() if overwrite else nullcontext(), display:
        folder.begin(study, dataset)
        searcher = RecipeTuner(study, dataset, folder, display)
        display.begin_search(searcher)
        interruption = searcher.run()
        if interruption is not None and overwrite and not earlier.is_begun():
            raise interruption  # and the earlier search comes back
    if searcher.role is Role.WORKER:
        stderr().print("this worker has finished; the chief writes the results")
    else:
        data_words = faces.words(dataset.source)
        _finish(searcher.results(), study, folder, dataset, data_words, interrupted=interruption is not None)
    if interruption is not None:
        stderr().print(f"to resume: the same command{', without --overwrite' if overwrite else ''}")
        raise interruption


def _hold(folder: TuningFolder) -> None:
    """Lock the folder, and settle a replacement that a killed process left there."""
    click.get_current_context().with_resource(sole_user(folder.path))
    if folder.replacement.settle():
        note = "restored the search that --overwrite was to replace, as the new one had not finished an epoch"
        print_note(f"{folder.path}: {note}")


def _without_fixed(over: tuple[str, ...]) -> list[str]:
    """Return the parts to search over, without those that the command line gives a value."""
    context = click.get_current_context()
    fixed = {name for name in SPACE if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    both = [text for text in over if text.partition("=")[0].replace("-", "_") in fixed]
    if both:
        raise InputError(f"--over {both[0]} is searched over: leave out the option that gives it a value")
    return list(over) or [name for name in DEFAULT_OVER if name not in fixed]


def _finish(
    outcomes: list[TrialResult],
    study: Study,
    folder: TuningFolder,
    dataset: Dataset,
    data_words: list[str],
    *,
    interrupted: bool,
) -> None:
    best = ranked(outcomes)
    if not best and interrupted:
        return
    if not best:
        fault = outcomes[-1].fault if outcomes else "there was no trial"
        raise FerEdgeError(f"no trial succeeded ({fault}); search again with --overwrite")
    folder.write_results(outcomes, study)
    title = f"{study.recipe.arch}: {len(outcomes)} trials by {study.tuner.value}, best {best[0].val_accuracy:.2%}"
    plot_tuning(outcomes, study.space, folder.picture, title=title, images=len(dataset.validation))
    stdout().print(_best_table(best[:_SHOWN], study, f"{folder.path.name}: the best of {len(outcomes)} trials"))
    stdout().print(f"Files in {folder.path}. Train with the best values, for the recipe's own number of epochs:")
    stdout().print(_train_line(replace(study.recipe, **best[0].values), data_words), soft_wrap=True)


def _best_table(best: list[TrialResult], study: Study, title: str) -> Table:
    table = make_table(title, ["rank", "trial"], [*study.space, "val accuracy", "epochs", "seconds"])
    for rank, outcome in enumerate(best, start=1):
        values = [str(value) for value in outcome.values.values()]
        accuracy = f"{outcome.val_accuracy:.4f}"
        table.add_row(str(rank), outcome.trial, *values, accuracy, str(outcome.epochs), f"{outcome.seconds:.0f}")
    return table


def _train_line(recipe: Recipe, data_words: list[str]) -> str:
    """Return the command that trains `recipe` for as many epochs as the preset of its name."""
    words = ["fer-edge", "train", *data_words, "--recipe", recipe.name]
    base = RECIPES[recipe.name]
    for name in (field.name for field in fields(Recipe) if field.name not in _NOT_SEARCHED):
        value = getattr(recipe, name)
        if value != getattr(base, name):
            words += network_words(value) if name == "arch" else _words(name, value)
    for teacher in recipe.teachers:
        words += ["--distill", teacher]
    if recipe.bfloat16 is not MixedPrecision.AUTO.enabled():
        words += ["--mixed-precision", "on" if recipe.bfloat16 else "off"]
    return shlex.join([*words, "--output", f"runs/{recipe.arch}-tuned"])


def _words(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", str(value.value if isinstance(value, Enum) else value)]


class _SearchDisplay(TrainingDisplay):
    """A `TuningObserver` that shows a bar of the trials and one of the epoch under way, and prints a line per trial."""

    def __init__(self, trials: int, on_saved: Callable[[], object]) -> None:
        super().__init__("trials (at most)", trials, on_saved=on_saved, counts_epochs=False)
        self._on_saved = on_saved
        self._ended = 0

    def begin_search(self, tuner: RecipeTuner) -> None:
        """Show this process's role, and the trials that are done already."""
        if tuner.role is not Role.WORKER:
            self._ended = len(tuner.results())
            self.advance(self._ended)
        if self._ended:
            stderr().print(f"resuming after {self._ended} trials")
        if tuner.role is not Role.ALONE:
            address = f"{os.environ['KERASTUNER_ORACLE_IP']}:{os.environ['KERASTUNER_ORACLE_PORT']}"
            does = "hands trials out at" if tuner.role is Role.CHIEF else "asks for trials at"
            stderr().print(f"{tuner.tuner_id} {does} {address}")

    def on_trial(self, result: TrialResult) -> None:
        """Print the trial's line and move the upper bar."""
        self._on_saved()
        self._ended += 1
        self.advance(self._ended)
        values = ", ".join(f"{name} {value}" for name, value in result.values.items())
        text = (
            f"failed: {result.fault}"
            if result.val_accuracy is None
            else f"val_accuracy {result.val_accuracy:.2%}, {result.epochs} epochs, {result.seconds:.0f} s"
        )
        stderr().print(f"trial {result.trial}: {text}; {values}")
