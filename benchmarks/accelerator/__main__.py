"""Train networks on an accelerator, with Keras on JAX.

`train` needs JAX, optax and Keras, and no TensorFlow; `finish`, which makes run folders, what fer-edge train needs.

KERAS_BACKEND=jax python -m benchmarks.accelerator train benchmarks/accelerator/recipes/teacher1.toml teacher1.npz
python -m benchmarks.accelerator finish teacher1.npz
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.accelerator.recipe_file import read_recipe, require_known
from benchmarks.accelerator.result import Result
from benchmarks.entry import data_option, read_voted_dataset, run_command, votes_option
from fer_edge.terminal.consoles import print_line, progress_bar, stderr
from fer_edge.training.run_folder import RUNS, RunFolder
from fer_edge.training.targets import with_expression, with_truth
from fer_edge.training.temperature import calibrate, hold_back

if TYPE_CHECKING:
    from benchmarks.accelerator.fit import Fitted

_LINE_EVERY = 10
"""Epochs between two lines of progress."""


@click.group()
def command() -> None:
    """Train networks on an accelerator."""


@command.command()
@data_option
@votes_option
@click.argument("recipe_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("file", type=click.Path(path_type=Path))
def train(data: str | None, votes_file: Path | None, recipe_file: Path, file: Path) -> None:
    """Train a network by RECIPE_FILE and write FILE; teachers are such files, beside FILE."""
    recipe = read_recipe(recipe_file)
    require_known(recipe)
    teachers = [Result.load(file.parent / name) for name in recipe.teachers]
    from benchmarks.accelerator.fit import Trainer
    from benchmarks.accelerator.teachers import Teachers

    dataset = read_voted_dataset(data, votes_file)
    training, _ = hold_back(dataset.train, recipe.held_back)
    trainer = Trainer(
        recipe,
        with_expression(training, recipe.votes_weight),
        with_truth(dataset.validation, recipe.votes_weight),
        Teachers(teachers) if teachers else None,
    )
    with progress_bar(file.stem, recipe.epochs) as on_progress:
        for fitted in trainer.fit():
            epoch = len(fitted.history)
            on_progress(epoch)
            if epoch % _LINE_EVERY in (0, 1):
                print_line(_line(file.stem, fitted), stderr())
    Result(recipe, fitted.weights, fitted.history, fitted.seconds).save(file)


def _line(name: str, fitted: Fitted) -> str:
    last, best = fitted.history[-1], max(row["val_accuracy"] for row in fitted.history)
    return (
        f"{name}: epoch {len(fitted.history)}, {fitted.seconds:.0f} s, loss {last['loss']:.3f}, validation loss "
        f"{last['val_loss']:.3f}, accuracy {last['val_accuracy']:.2%}, best {best:.2%}"
    )


@command.command()
@data_option
@votes_option
@click.option("--output", type=click.Path(path_type=Path), default=RUNS, show_default=True, help="Folder of the runs.")
@click.argument("files", type=click.Path(exists=True, path_type=Path), nargs=-1, required=True)
def finish(data: str | None, votes_file: Path | None, output: Path, files: tuple[Path, ...]) -> None:
    """Make run folders of FILES, teachers first: fit the temperature, measure, and write what fer-edge train does."""
    from fer_edge.training.checkpoint import TrainingProgress
    from fer_edge.training.networks.architectures import build
    from fer_edge.training.report import write_run
    from fer_edge.training.train import Trained

    dataset = read_voted_dataset(data, votes_file)
    for file in files:
        result = Result.load(file)
        teachers = tuple(str(RunFolder(output / Path(each).stem).model) for each in result.recipe.teachers)
        recipe = replace(result.recipe, teachers=teachers)
        model = build(recipe.arch)
        model.set_weights(result.weights)
        _, held_back = hold_back(dataset.train, recipe.held_back)
        calibration = calibrate(model, with_expression(held_back, recipe.votes_weight), recipe.votes_weight)
        progress = TrainingProgress(len(result.history), result.history, True, result.seconds)
        trained = Trained(model, progress, None, recipe.epochs, calibration.temperature, calibration.reason)
        run = RunFolder(output / file.stem)
        run.path.mkdir(parents=True, exist_ok=True)
        with progress_bar(f"measuring {file.stem}", len(dataset.validation)) as on_progress:
            write_run(run, trained, dataset, recipe, on_progress)


if __name__ == "__main__":
    run_command(command)
