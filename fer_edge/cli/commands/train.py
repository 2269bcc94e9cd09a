"""`fer-edge train`."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from fer_edge.cli.class_options import class_options, take_choice
from fer_edge.cli.commands.training_display import TrainingDisplay
from fer_edge.cli.commands.training_job import LabelledFaces, resume_job, start_job
from fer_edge.cli.data_options import (
    data_option,
    official_split_option,
    show_peoples_answer,
    show_without_copies,
    strict_option,
    votes_option,
    yes_option,
)
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.messages import print_note
from fer_edge.cli.number_range import NumberRange
from fer_edge.cli.recipe_options import RECIPE_SECTIONS, read_recipe, recipe_options
from fer_edge.dataset.data import Dataset
from fer_edge.evaluation.tables import evaluation_table
from fer_edge.temporary import temporary_folder
from fer_edge.terminal.consoles import print_line, progress_bar, stderr, stdout
from fer_edge.terminal.native_logs import native_stderr_muffled
from fer_edge.training.distributed.cluster import Cluster, read_cluster
from fer_edge.training.distributed.distribute import Team, join
from fer_edge.training.recipe import Recipe
from fer_edge.training.report import write_run
from fer_edge.training.run_folder import RunFolder
from fer_edge.training.train import Trained, train


@click.command(
    cls=SectionedCommand, sections={"data": "Data", **RECIPE_SECTIONS, "output": "Run", "workers": "Machines"}
)
@data_option
@votes_option
@official_split_option
@click.option(
    "--leave-out",
    "leave_out_list",
    type=click.Path(path_type=Path),
    help="Leave out the images in this list; fer-edge data audit writes one to review.",
)
@class_options
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
    type=NumberRange(1),
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
    fer-edge train --data faces.zip
    fer-edge train --data synthetic --epochs 5
    fer-edge train --data faces.zip --recipe modern --arch compact
    fer-edge train --data my-photos --recipe fine-tune
    fer-edge train --data faces.zip --workers big:2222,small:2222
    fer-edge train --resume
    """
    choice, form = take_choice(options)
    recipe = read_recipe(options)
    faces = LabelledFaces(data, votes_file, official_split, leave_out_list, choice, form, strict=strict, yes=yes)
    left_out = faces.left_out()
    cluster = read_cluster(workers, worker_index, os.environ.get("TF_CONFIG"))
    if cluster and not cluster.is_chief:
        dataset = faces.read(left_out, recipe.votes_weight)
        _assist(cluster, worker_timeout, dataset, recipe, resume=resume)
        return
    job = (
        resume_job(faces, output, recipe) if resume else start_job(faces, output, recipe, left_out, overwrite=overwrite)
    )
    team = None
    if cluster:
        team, recipe = _join(cluster, worker_timeout, job.dataset, job.recipe, resume=resume)
        job = replace(job, recipe=recipe)
    run, earlier = job.run, job.run.replacement
    with (
        earlier.replacing() if overwrite and not resume else nullcontext(),
        TrainingDisplay("epochs (at most)", on_saved=earlier.confirm) as display,
    ):
        if not resume:
            job.write_settings()
        trained = train(job.dataset, job.recipe, run.checkpoints, observer=display, resume=resume, team=team)
    _finish(run, trained, job.dataset, job.recipe)


def _join(cluster: Cluster, timeout: float, dataset: Dataset, recipe: Recipe, *, resume: bool) -> tuple[Team, Recipe]:
    others = ", ".join(map(cluster.name, cluster.others))
    print_line(f"this is {cluster.name(cluster.index)}; waiting for {others}", stderr())
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
