"""`fer-edge train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.progress import TaskID, TextColumn

from fer_edge.cli.options import (
    data_option,
    make_progress,
    progress_bar,
    read_data,
    stderr,
    stdout,
    strict_option,
    yes_option,
)
from fer_edge.cli.recipe_options import read_recipe, recipe_options, refuse_other_settings
from fer_edge.errors import DataError
from fer_edge.tables import evaluation_table
from fer_edge.training.data import Dataset
from fer_edge.training.recipe import Recipe
from fer_edge.training.report import write_run
from fer_edge.training.run_folder import RUNS, RunFolder, newest_run
from fer_edge.training.train import Trained, train


@click.command()
@data_option
@recipe_options
@click.option("--output", type=click.Path(path_type=Path), help="Run folder.  [default: runs/<arch>]")
@click.option("--resume", is_flag=True, help="Go on from the last whole epoch of --output, or of the newest run.")
@click.option("--overwrite", is_flag=True, help="Replace the run in --output.")
@strict_option
@yes_option
def command(
    data: str | None,
    output: Path | None,
    resume: bool,
    overwrite: bool,
    strict: bool,
    yes: bool,
    **options: Any,
) -> None:
    """Train a network on labelled faces.

    The run folder gets model.keras, card.json, history.csv, curves.png, confusion.png, samples.png and summary.txt.
    Ctrl-C stops after writing them for the epochs so far; --resume goes on to the same result.

    \b
    fer-edge train --data face-expression-recognition-dataset.zip
    fer-edge train --data synthetic --epochs 5
    fer-edge train --data face-expression-recognition-dataset.zip --recipe modern --arch compact
    fer-edge train --resume
    """
    recipe = read_recipe(options)
    if resume:
        run = RunFolder(output) if output else newest_run(trained=False)
        asked, (recipe, known_data, sha256) = recipe, run.resume()
        refuse_other_settings(asked, recipe)
        dataset = read_data(data or known_data, yes=yes, strict=strict)
        if dataset.sha256() != sha256:
            raise DataError(f"{run.path} was trained on other images than {dataset.source}; give the same --data")
    else:
        run = RunFolder(output or RUNS / recipe.arch)
        if overwrite:
            run.clear()
        run.require_empty()
        dataset = read_data(data, yes=yes, strict=strict)
        run.begin(recipe, dataset)
    with _Display() as display:
        trained = train(dataset, recipe, run.checkpoints, observer=display, resume=resume)
    _finish(run, trained, dataset, recipe)


def _finish(run: RunFolder, trained: Trained, dataset: Dataset, recipe: Recipe) -> None:
    with progress_bar("measuring", len(dataset.validation)) as on_progress:
        evaluation = write_run(run, trained, dataset, recipe, on_progress)
    stdout.print(evaluation_table(evaluation, f"{run.path.name}, validation split"))
    stdout.print(
        f"{trained.progress.epochs_done} epochs, ended by {trained.ended_by}; "
        f"the best is epoch {trained.progress.best_epoch}. Files in {run.path}"
    )
    if trained.interruption is not None:
        stderr.print(f"go on with: fer-edge train --resume --output {run.path}")
        raise trained.interruption


class _Display:
    """Shows epochs and steps with the time left; where stderr is no terminal, a line per epoch."""

    def __init__(self) -> None:
        self._progress = make_progress(TextColumn("{task.fields[note]}"))
        self._total, self._steps = 0, 1
        self._epochs, self._within = TaskID(0), TaskID(0)

    def __enter__(self) -> _Display:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        """Set the bars up."""
        self._total, self._steps = epochs, steps
        self._epochs = self._progress.add_task("epochs (at most)", total=epochs, completed=epochs_done, note="")
        self._within = self._progress.add_task(f"epoch {epochs_done + 1}", total=steps, note="")

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Move the lower bar."""
        note = " ".join(f"{name} {value:.3f}" for name, value in logs.items())
        self._progress.update(self._within, completed=step, note=note)

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Print the epoch's line and move the upper bar."""
        stderr.print(
            f"epoch {epoch}/{self._total}: {logs['seconds']:.0f} s, loss {logs['loss']:.4f}, "
            f"accuracy {logs['accuracy']:.4f}, val_loss {logs['val_loss']:.4f}, "
            f"val_accuracy {logs['val_accuracy']:.4f}, learning rate {logs['learning_rate']:.1e}"
        )
        self._progress.update(self._epochs, completed=epoch)
        self._progress.reset(self._within, description=f"epoch {epoch + 1}", total=self._steps, note="")
