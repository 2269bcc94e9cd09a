"""Make the file of FER+'s votes and FER2013's fingerprints: python -m benchmarks.training.fer2013_votes --help."""

from __future__ import annotations

import csv
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.copies import connect
from fer_edge.dataset.data import Split, SplitName
from fer_edge.dataset.fer2013_votes import SAME_PICTURE, VOTES_FILE
from fer_edge.dataset.fingerprint import coefficients, fingerprints, near_pairs
from fer_edge.dataset.loading import load_dataset
from fer_edge.dataset.votes import CHOICES
from fer_edge.errors import InputError
from fer_edge.files import atomic_path

_COLUMNS = {
    "angry": "anger",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happiness",
    "neutral": "neutral",
    "sad": "sadness",
    "surprise": "surprise",
    "contempt": "contempt",
    "unknown": "unknown",
    "no face": "NF",
}
"""FER+'s names of `CHOICES`."""

_NO_ROW = -1
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--data", required=True, help="FER2013's Training and PublicTest pictures, as for fer-edge train.")
@click.option("--ferplus", required=True, type=_FILE, help="FER+'s fer2013new.csv.")
@click.option(
    "--names", required=True, type=_FILE, help="CSV with the columns member and row: each picture's row in fer2013.csv."
)
@click.option("--output", type=click.Path(path_type=Path), default=VOTES_FILE, show_default=True)
def main(data: str, ferplus: Path, names: Path, output: Path) -> None:
    """Join votes and pictures, and write them as fingerprints."""
    dataset = load_dataset(data)
    splits = {name: dataset.splits[name].take(_varied(dataset.splits[name])) for name in dataset.splits}
    training, public_test = splits[SplitName.TRAIN], splits[SplitName.VALIDATION]
    images = np.concatenate([training.images, public_test.images])
    rows = _rows([*training.names, *public_test.names], names)
    thresholds = np.median(coefficients(images), axis=0).astype(np.float32)
    prints, print_of = np.unique(fingerprints(images, thresholds), axis=0, return_inverse=True)
    pairs = np.concatenate([near_pairs(prints, SAME_PICTURE), np.arange(len(prints))[:, np.newaxis].repeat(2, axis=1)])
    pictures, picture_of = _in_order_of_rows(connect(len(prints), pairs)[print_of.ravel()], rows)
    order = np.argsort(by_print := _first(picture_of, print_of.ravel(), len(prints)), kind="stable")
    counts = _read_counts(ferplus)
    picture_of_row = np.full(len(counts), _NO_ROW)
    picture_of_row[rows[rows >= 0]] = picture_of[rows >= 0]
    is_training = np.arange(len(images)) < len(training)
    with atomic_path(output) as path:
        np.savez_compressed(
            path,
            prints=prints[order],
            # Differences, mostly 1, compress far better than 35,887 different numbers.
            picture_steps=np.diff(by_print[order], prepend=0).astype(np.int32),
            picture_steps_of_rows=np.diff(picture_of_row, prepend=0).astype(np.int32),
            thresholds=thresholds,
            in_training=_marked(picture_of[is_training], pictures),
            in_public_test=_marked(picture_of[~is_training], pictures),
            row_counts=counts,
        )
    click.echo(f"{pictures:,} pictures, {len(prints):,} fingerprints, {output.stat().st_size:,} bytes: {output}")


def _varied(split: Split) -> npt.NDArray[np.int64]:
    return np.flatnonzero(~split.constant())


def _rows(members: list[str], names: Path) -> npt.NDArray[np.int64]:
    with names.open(newline="", encoding="utf-8") as file:
        row_of = {entry["member"]: int(entry["row"]) for entry in csv.DictReader(file)}
    return np.array([row_of.get(member, _NO_ROW) for member in members])


def _in_order_of_rows(groups: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]) -> tuple[int, npt.NDArray[np.int64]]:
    """Number groups of pictures by their first row, those without a row last; returns count and numbers."""
    names, inverse = np.unique(groups, return_inverse=True)
    first = np.full(len(names), np.iinfo(np.int64).max)
    np.minimum.at(first, inverse[rows >= 0], rows[rows >= 0])
    return len(names), np.argsort(np.argsort(first, kind="stable"), kind="stable")[inverse]


def _first(values: npt.NDArray[np.int64], keys: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
    """Return the value of each key, int64 (size,)."""
    found = np.empty(size, np.int64)
    found[keys] = values
    return found


def _read_counts(ferplus: Path) -> npt.NDArray[np.uint8]:
    with ferplus.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if missing := set(_COLUMNS.values()) - set(reader.fieldnames or ()):
            raise InputError(f"{ferplus}: expected FER+'s fer2013new.csv, which has the column {missing.pop()}")
        return np.array([[int(row[_COLUMNS[choice]]) for choice in CHOICES] for row in reader], np.uint8)


def _marked(indices: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.bool_]:
    marked = np.zeros(size, bool)
    marked[indices] = True
    return marked


if __name__ == "__main__":
    main()
