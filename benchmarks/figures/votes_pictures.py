"""`make votes-pictures`: the charts of docs/votes.md."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from benchmarks.entry import data_option, read_voted_dataset, run_command
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.peoples_answer import evaluate_by_votes, reliability_by_votes
from fer_edge.dataset.votes import NO_TRUTH
from fer_edge.errors import InputError
from fer_edge.evaluation.metrics import IntArray, confusion_matrix
from fer_edge.inference.classifier import expression_scores
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import SHIPPED_MODEL
from fer_edge.picture_form import FER2013_FORM
from fer_edge.terminal.consoles import progress_bar, stdout
from fer_edge.training.face_classifier import load_classifier, require_fit_for
from fer_edge.training.plots import MatrixWords, plot_matrix
from fer_edge.training.reliability_plot import plot_reliability

LABELS_PICTURE = "labels-against-people.png"
RELIABILITY_PICTURE = "reliability.png"


def count_labels_against_people(dataset: Dataset) -> npt.NDArray[np.int64]:
    """Count the images of all splits by label (rows) and by the majority's answer (columns): (7, 7).

    Raises:
        InputError: If there is no image on which most people agree.
    """
    counts = np.zeros((7, 7), np.int64)
    for split in dataset.splits.values():
        if split.votes is not None:
            agreed = split.votes.majority != NO_TRUTH
            counts += confusion_matrix(split.votes.majority[agreed], split.labels[agreed])
    if not counts.any():
        raise InputError(f"{dataset.source}: expected a copy of FER2013, found no image with people's votes")
    return counts


def plot_labels_against_people(counts: IntArray, path: Path, *, data: str) -> None:
    """Draw the majority's answers on the images of each label into a PNG.

    Args:
        counts: Images by label (rows) and by the majority's answer (columns), int64 (7, 7).
        path: File of the chart.
        data: Name of the data set, for the title.
    """
    images, same = int(counts.sum()), int(counts.trace())
    words = MatrixWords(
        title=f"What most people see in the images of each label of {data}\n"
        f"{images:,} images on which they agree; the label is theirs on {same / max(images, 1):.0%}",
        rows="label (images)",
        columns="answer of most people",
        share="share of the label's images",
    )
    plot_matrix(counts, path, words, EXPRESSIONS)


@click.command()
@data_option
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    default=SHIPPED_MODEL,
    help="Model whose scores are compared with the votes.  [default: the shipped one]",
)
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("docs/images"), show_default=True, help="Output folder."
)
def command(data: str | None, model: Path, folder: Path) -> None:
    """Draw the labels against people's votes, and a model's scores on the validation split against them."""
    classifier = load_classifier(model)
    require_fit_for(model, classifier.card, EXPRESSIONS, FER2013_FORM)
    dataset = read_voted_dataset(data)
    counts = count_labels_against_people(dataset)
    plot_labels_against_people(counts, folder / LABELS_PICTURE, data="FER2013")
    faces = dataset.validation
    with progress_bar(model.name, len(faces)) as on_progress:
        scores = expression_scores(classifier, faces.images, on_progress)
    answer = evaluate_by_votes(scores, faces.votes) if faces.votes is not None else None
    if answer is None or faces.votes is None:
        raise InputError(f"{dataset.source}: expected votes on the validation split, found none")
    images, error = faces.votes.has_shares.sum(), answer.calibration_error
    title = f"{model.name} on {images:,} images\ncalibration error by votes {error:.3f}"
    plot_reliability(reliability_by_votes(scores, faces.votes), folder / RELIABILITY_PICTURE, title=title)
    stdout().print(f"written: {folder / LABELS_PICTURE}, {folder / RELIABILITY_PICTURE}")


if __name__ == "__main__":
    run_command(command)
