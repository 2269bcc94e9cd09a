"""`fer-edge train`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from fer_edge.cli.commands.training_display import TrainingDisplay
from fer_edge.cli.data_options import (
    data_option,
    data_roles,
    official_split_option,
    read_voted_data,
    show_peoples_answer,
    show_votes,
    show_without_copies,
    strict_option,
    votes_option,
    yes_option,
)
from fer_edge.cli.file_roles import folder_role, require_apart, roles
from fer_edge.cli.messages import print_note
from fer_edge.cli.recipe_options import read_recipe, recipe_options, recipe_roles, refuse_other_settings
from fer_edge.cli.sections import SectionedCommand
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.leave_out import leave_out, read_list
from fer_edge.errors import DataError, InputError
from fer_edge.files import sole_user, write_atomic
from fer_edge.native_logs import native_stderr_muffled
from fer_edge.tables import evaluation_table
from fer_edge.temporary import temporary_folder
from fer_edge.terminal import progress_bar, stderr, stdout
from fer_edge.training.distributed.cluster import Cluster, read_cluster
from fer_edge.training.distributed.distribute import Team, join
from fer_edge.training.recipe import Recipe
from fer_edge.training.report import write_run
from fer_edge.training.run_folder import RUNS, RunFolder, newest_run
from fer_edge.training.train import Trained, train


@click.command(cls=SectionedCommand, sections={"data": "Data", "recipe_name": "Recipe", "output": "Run"})
@data_option
@votes_option
@official_split_option
@click.option(
    "--leave-out",
    "leave_out_list",
    type=click.Path(path_type=Path),
    help="Leave out the images in this list; fer-edge data audit writes one to review.",
)
@strict_option
@yes_option
@recipe_options
@click.option("--output", type=click.Path(path_type=Path), help="Run folder.  [default: runs/<arch>]")
@click.option(
    "--resume", is_flag=True, help="Resume the run in --output, or the newest run, after its last whole epoch."
)
@click.option("--overwrite", is_flag=True, help="Replace the run in --output.")
@click.option(
    "--workers",
    metavar="HOST:PORT,...",
    help="Train together with these processes, including this one; the first writes the files.  [default: $TF_CONFIG]",
)
@click.option(
    "--worker-index",
    type=int,
    help="Position of this process in --workers, from 0.  [default: by this machine's address]",
)
@click.option(
    "--worker-timeout",
    type=click.FloatRange(1),
    default=300,
    show_default=True,
    help="Seconds to wait for the other workers.",
)
def command(
    data: str | None,
    votes_file: Path | None,
    official_split: bool,
    leave_out_list: Path | None,
    output: Path | None,
    resume: bool,
    overwrite: bool,
    strict: bool,
    yes: bool,
    workers: str | None,
    worker_index: int | None,
    worker_timeout: float,
    **options: Any,
) -> None:
    """Train a network on labelled faces.

    The run folder gets model.keras, card.json, history.csv, curves.png, confusion.png, samples.png and summary.txt.
    Ctrl-C writes them for the epochs so far and stops; --resume continues to the same result.

    \b
    fer-edge train --data face-expression-recognition-dataset.zip
    fer-edge train --data synthetic --epochs 5
    fer-edge train --data face-expression-recognition-dataset.zip --recipe modern --arch compact
    fer-edge train --data faces.zip --workers big:2222,small:2222
    fer-edge train --resume
    """
    recipe = read_recipe(options)
    names = read_list(leave_out_list) if leave_out_list else ()
    cluster = read_cluster(workers, worker_index, os.environ.get("TF_CONFIG"))

    def read(named: str | None) -> Dataset:
        faces = read_voted_data(named, votes_file, official_split=official_split, yes=yes, strict=strict)
        show_votes(faces)
        return faces

    if cluster and not cluster.is_chief:
        dataset = _without(read(data), names)
        _assist(cluster, worker_timeout, dataset, recipe, resume=resume)
        return
    if resume:
        run = RunFolder(output) if output else newest_run(trained=False)
        _hold(run)
        asked, (recipe, known_data, sha256) = recipe, run.resume()
        refuse_other_settings(asked, recipe)
        _require_apart(run, data or known_data, votes_file, leave_out_list, recipe)
        if leave_out_list:
            raise InputError("--resume keeps the run's own list: leave out --leave-out, or start a new run")
        names = read_list(run.left_out) if run.left_out.exists() else ()
        dataset = _without(read(data or known_data), names)
        if dataset.sha256() != sha256:
            raise DataError(
                f"{run.path} was trained on other images than {dataset.source}; give the same --data and "
                "--official-split as then"
            )
        run.require_same_votes(dataset)
    else:
        run = RunFolder(output or RUNS / recipe.arch)
        _require_apart(run, data, votes_file, leave_out_list, recipe)
        _hold(run)
        if not overwrite:
            run.require_empty()
        dataset = _without(read(data), names)
    team = None
    if cluster:
        team, recipe = _join(cluster, worker_timeout, dataset, recipe, resume=resume)
    earlier = run.replacement
    with (
        earlier.replacing() if overwrite and not resume else nullcontext(),
        TrainingDisplay("epochs (at most)", on_saved=earlier.confirm) as display,
    ):
        if not resume:
            if names:
                write_atomic(run.left_out, "\n".join(names) + "\n")
            run.begin(recipe, dataset)
        trained = train(dataset, recipe, run.checkpoints, observer=display, resume=resume, team=team)
    _finish(run, trained, dataset, recipe)


def _require_apart(
    run: RunFolder, data: str | None, votes_file: Path | None, leave_out_list: Path | None, recipe: Recipe
) -> None:
    """Check that the run overwrites nothing that it reads."""
    lists = [*roles("--votes", votes_file), *roles("--leave-out", leave_out_list)]
    reads = [*data_roles(data), *lists, *recipe_roles(recipe)]
    require_apart(reads, [folder_role("--output", run.checkpoints), *roles("--output", *run.files)])


def _hold(run: RunFolder) -> None:
    """Lock the run's folder, and settle a replacement that a killed process left there."""
    click.get_current_context().with_resource(sole_user(run.path))
    if run.replacement.settle():
        note = "restored the run that --overwrite was to replace, as the new one had not finished an epoch"
        print_note(f"{run.path}: {note}")


def _without(dataset: Dataset, names: tuple[str, ...]) -> Dataset:
    kept = leave_out(dataset, names)
    if names:
        stderr().print(f"{len(dataset.train) - len(kept.train):,} of {len(dataset.train):,} training images left out")
    return kept


def _join(cluster: Cluster, timeout: float, dataset: Dataset, recipe: Recipe, *, resume: bool) -> tuple[Team, Recipe]:
    others = ", ".join(map(cluster.name, cluster.others))
    stderr().print(f"this is {cluster.name(cluster.index)}; waiting for {others}", soft_wrap=True)
    with native_stderr_muffled():
        team = join(cluster, timeout)
    return team, team.agree(recipe, f"{dataset.sha256()} {dataset.votes_sha256()}", resume=resume)


def _assist(cluster: Cluster, timeout: float, dataset: Dataset, recipe: Recipe, *, resume: bool) -> None:
    """Train as a worker that is not the chief, and keep nothing."""
    team, recipe = _join(cluster, timeout, dataset, recipe, resume=resume)
    with temporary_folder() as folder, TrainingDisplay("epochs (at most)") as display:
        trained = train(dataset, recipe, folder, observer=display, resume=resume, team=team)
    stdout().print(f"{_count_epochs(trained)}, ended by {trained.ended_by}; the files are at worker 0")
    if trained.interruption is not None:
        raise trained.interruption


def _finish(run: RunFolder, trained: Trained, dataset: Dataset, recipe: Recipe) -> None:
    with progress_bar("measuring", len(dataset.validation)) as on_progress:
        measured = write_run(run, trained, dataset, recipe, on_progress)
    if trained.no_temperature:
        print_note(f"the scores got no temperature: {trained.no_temperature}")
    title = f"{run.path.name}, validation split"
    stdout().print(evaluation_table(measured.evaluation, title))
    show_peoples_answer(measured.scores, dataset.validation, measured.card, f"{title}: people's answer")
    show_without_copies(measured.scores, dataset.validation, measured.copied)
    stdout().print(
        f"{_count_epochs(trained)}, ended by {trained.ended_by}; "
        f"the best is epoch {trained.progress.best_epoch}. Files in {run.path}"
    )
    if trained.interruption is not None:
        stderr().print(f"to resume: fer-edge train --resume --output {run.path}")
        raise trained.interruption


def _count_epochs(trained: Trained) -> str:
    epochs = trained.progress.epochs_done
    return f"{epochs} epoch{'s' * (epochs != 1)}"
