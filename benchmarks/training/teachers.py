"""Measure people's answer by the mean of several networks, each of which sees a face and its mirror image.

python -m benchmarks.training.teachers runs/teacher1/model.keras runs/teacher2/model.keras --data faces.zip
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from benchmarks.entry import data_option, read_voted_dataset, run_command, votes_option
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import PeoplesAnswer, evaluate_by_votes, without_copies
from fer_edge.errors import InputError
from fer_edge.scores import FloatArray
from fer_edge.terminal.consoles import progress_bar, stdout
from fer_edge.terminal.tables import make_table
from fer_edge.training.distill import load_teachers

_BATCH = 256


@click.command()
@click.argument("models", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True)
@data_option
@votes_option
def command(models: tuple[Path, ...], data: str | None, votes_file: Path | None) -> None:
    """Measure on the validation split what MODELS would teach together."""
    dataset = read_voted_dataset(data, votes_file)
    faces = dataset.validation
    scores = _score(models, faces)
    answer = None if faces.votes is None else evaluate_by_votes(scores, faces.votes)
    if answer is None:
        raise InputError(f"{dataset.source}: expected people's votes on the validation split, found none; give --votes")
    table = make_table(
        f"mean of {len(models)} with mirror images, on the validation split of {dataset.name}",
        ["images"],
        ["people's answer", "mean recall", "KL, nats", "calibration error by votes"],
    )
    table.add_row("all", *_cells(answer))
    _, others = without_copies(scores, faces, exact_copies(faces.images, dataset.train.images)) or (None, None)
    if others is not None:
        table.add_row("without copies of training images", *_cells(others))
    stdout().print(table)


def _score(models: tuple[Path, ...], faces: Split) -> FloatArray:
    teach = load_teachers([str(model) for model in models], 1.0, bfloat16=False, mirrored=True)
    images, parts = faces.inputs(), []
    with progress_bar("scoring", len(faces)) as on_progress:
        for start in range(0, len(faces), _BATCH):
            parts.append(teach(images[start : start + _BATCH]))
            on_progress(min(start + _BATCH, len(faces)))
    return np.concatenate(parts)


def _cells(answer: PeoplesAnswer) -> list[str]:
    figures = (answer.mean_recall, answer.kl_divergence, answer.calibration_error)
    return [f"{answer.majority.accuracy:.2%}", *(f"{figure:.4f}" for figure in figures)]


if __name__ == "__main__":
    run_command(command)
