"""People's answer by the mean of several networks, each of which looks at a face and at its mirror image.

python -m benchmarks.training.teachers runs/teacher1/model.keras runs/teacher2/model.keras --data faces.zip
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from benchmarks.entry import run_command
from fer_edge.cli.data_options import (
    data_option,
    read_voted_data,
    show_peoples_answer,
    show_without_copies,
    votes_option,
)
from fer_edge.dataset.copies import exact_copies
from fer_edge.inference.card_reader import read_card
from fer_edge.terminal import progress_bar
from fer_edge.training.distill import load_teachers

_BATCH = 256


@click.command()
@click.argument("models", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True)
@data_option
@votes_option
def command(models: tuple[Path, ...], data: str | None, votes_file: Path | None) -> None:
    """Measure what MODELS would teach together, on the validation split."""
    dataset = read_voted_data(data, votes_file)
    faces = dataset.validation
    teach = load_teachers([str(model) for model in models], 1.0, bfloat16=False, mirrored=True)
    images, parts = faces.inputs(), []
    with progress_bar("scoring", len(faces)) as on_progress:
        for start in range(0, len(faces), _BATCH):
            parts.append(teach(images[start : start + _BATCH]))
            on_progress(min(start + _BATCH, len(faces)))
    scores = np.concatenate(parts)
    title = f"mean of {len(models)} with mirror images: people's answer on the validation split of {dataset.name}"
    show_peoples_answer(scores, faces, read_card(models[0]), title)
    show_without_copies(scores, faces, exact_copies(faces.images, dataset.train.images))


if __name__ == "__main__":
    run_command(command)
