"""Accuracy of a two-class network, smile or not, by the number of images a class and by its first weights.

The images are drawn from FER2013's training split: happy ones, and equally many of the other six expressions. A fifth
of them selects the epoch, as for a user's own photos. Each network is judged on FER2013's whole validation split.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
import numpy as np

from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.dataset.holding_out import hold_out_validation
from fer_edge.dataset.loading import DATA_ENV, load_dataset
from fer_edge.evaluation.metrics import accuracy_interval
from fer_edge.files import write_atomic
from fer_edge.inference.model_choice import find_model
from fer_edge.labels import EXPRESSIONS
from fer_edge.temporary import temporary_folder
from fer_edge.terminal.consoles import stdout
from fer_edge.terminal.tables import make_table
from fer_edge.training.recipe import RECIPES, Recipe
from fer_edge.training.train import train
from fer_edge.versions import tool_versions

SMILE = ClassChoice(merge=(("other", tuple(name for name in EXPRESSIONS if name != "happy")),))
"""Two classes, happy and other."""

SIZES = (50, 200, 1000)
_BATCH = 256


@dataclass(frozen=True)
class Outcome:
    """Result of one training run.

    Attributes:
        images: Images a class.
        start: Name or path of the model whose weights it started from; empty for random ones.
        seed: Seed of the draw and of the run.
        accuracy: Accuracy on the validation split, 0..1.
        low: Lower end of its 95 % interval.
        high: Upper end of its 95 % interval.
        mean_recall: Mean of both classes' recall, 0..1.
        epochs: Epochs trained.
        minutes: Time of the run.
    """

    images: int
    start: str
    seed: int
    accuracy: float
    low: float
    high: float
    mean_recall: float
    epochs: int
    minutes: float


class _Silent:
    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        pass

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        pass

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        pass


def draw(dataset: Dataset, images: int, seed: int) -> Dataset:
    """Return a data set of so many training images a class, a fifth of which is its validation split."""
    rng, train_split = np.random.default_rng(seed), dataset.train
    rows = [
        rng.choice(np.flatnonzero(train_split.labels == label), images, replace=False)
        for label in range(len(dataset.classes))
    ]
    return hold_out_validation(replace(dataset, splits={SplitName.TRAIN: train_split.take(np.concatenate(rows))}))


def measure(some: Dataset, judged: Split, recipe: Recipe) -> Outcome:
    """Train on `some`, and judge the result on another split."""
    began = time.monotonic()
    with temporary_folder() as folder:
        trained = train(some, recipe, folder, observer=_Silent())
    minutes = (time.monotonic() - began) / 60
    predicted = trained.model.predict(judged.inputs(), _BATCH, verbose=0).argmax(axis=1)
    right = predicted == judged.labels
    low, high = accuracy_interval(int(right.sum()), len(judged))
    recall = np.mean([right[judged.labels == label].mean() for label in range(len(judged.classes))])
    return Outcome(
        images=sum(map(len, some.splits.values())) // len(judged.classes),
        start=recipe.start_from,
        seed=recipe.seed,
        accuracy=float(right.mean()),
        low=low,
        high=high,
        mean_recall=float(recall),
        epochs=trained.progress.epochs_done,
        minutes=minutes,
    )


@click.command()
@click.option("--data", envvar=DATA_ENV, required=True, help="A copy of FER2013.  [default: $FER_EDGE_DATA]")
@click.option("--images", type=int, multiple=True, default=SIZES, show_default=True, help="Images a class; repeatable.")
@click.option(
    "--start", multiple=True, default=("", "compact"), help="Model to start from, empty for random weights; repeatable."
)
@click.option("--seed", type=int, multiple=True, default=(0,), show_default=True, help="Seed; repeatable.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("own_classes.json"), show_default=True)
def main(data: str, images: Sequence[int], start: Sequence[str], seed: Sequence[int], output: Path) -> None:
    """Train smile-or-not networks from few images, and print their accuracy and minutes."""
    dataset = load_dataset(data, choice=SMILE)
    outcomes: list[Outcome] = []
    for number in images:
        for one in seed:
            some = draw(dataset, number, one)
            for model in start:
                path = str(find_model(model)) if model else ""
                outcome = measure(some, dataset.validation, _recipe(path, one))
                outcomes.append(replace(outcome, start=model))
                facts = {"tools": tool_versions(), "outcomes": [asdict(each) for each in outcomes]}
                write_atomic(output, json.dumps(facts, indent=1) + "\n")
                stdout().print(f"{outcomes[-1]}", soft_wrap=True)
    _print(outcomes)


def _recipe(start: str, seed: int) -> Recipe:
    """Return the recipe `fine-tune`; from random weights `modern`, on labels and with smaller batches."""
    if start:
        return replace(RECIPES["fine-tune"], start_from=start, seed=seed)
    return replace(RECIPES["modern"], batch_size=32, votes_weight=0.0, held_back=0.0, seed=seed)


def _print(outcomes: Sequence[Outcome]) -> None:
    table = make_table("smile or not", ["start"], ["images a class", "accuracy", "mean recall", "epochs", "minutes"])
    for each in outcomes:
        shares = f"{each.accuracy:.1%} ({each.low:.1%}..{each.high:.1%})", f"{each.mean_recall:.1%}"
        table.add_row(each.start or "random", str(each.images), *shares, str(each.epochs), f"{each.minutes:.1f}")
    stdout().print(table)


if __name__ == "__main__":
    main()
