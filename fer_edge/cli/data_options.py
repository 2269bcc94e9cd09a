"""Options for labelled faces and people's votes on them, and what is said of both on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from fer_edge.cards.model_card import ModelCard
from fer_edge.cli.class_options import classes_table
from fer_edge.cli.file_roles import FileRole, roles
from fer_edge.cli.messages import print_note
from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice
from fer_edge.dataset.data import Dataset, ImageFault, Split
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC, load_dataset
from fer_edge.dataset.near_copies import count_across
from fer_edge.dataset.people_tables import describe_without_copies, people_tables, votes_table
from fer_edge.dataset.voted_faces import load_voted_dataset
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import FER2013_FORM, PictureForm
from fer_edge.scores import FloatArray
from fer_edge.terminal.consoles import print_line, stderr, stdout
from fer_edge.terminal.tables import make_table

data_option = click.option(
    "--data",
    metavar="PATH|synthetic",
    help="Labelled faces: the Kaggle zip as downloaded, a folder with train/ and validation/ or with class folders, "
    "fer2013.csv, or the word synthetic.  [default: $FER_EDGE_DATA, then Kaggle's copy]",
)
votes_option = click.option(
    "--votes",
    "votes_file",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="People's votes on the images: a column image, and a column of counts for each expression.  "
    "[default: FER+'s, for images of FER2013]",
)
official_split_option = click.option(
    "--official-split",
    is_flag=True,
    help="Divide a copy of FER2013 as FER2013 is: train from Training, validation from PublicTest.",
)
strict_option = click.option("--strict", is_flag=True, help="Fail if any image has a fault.")
yes_option = click.option("--yes", is_flag=True, help="Download the data set without asking.")


def data_roles(data: str | None) -> list[FileRole]:
    """Return the labelled faces that would be read, where they are known beforehand."""
    data = data or os.environ.get(DATA_ENV)
    return [] if data == SYNTHETIC else roles("--data", data or None)


def read_data(
    data: str | None,
    *,
    yes: bool = False,
    strict: bool = False,
    choice: ClassChoice = ALL_CLASSES,
    form: PictureForm = FER2013_FORM,
) -> Dataset:
    """Read labelled faces, show on stderr what was found, and ask before anything is downloaded."""
    with stderr().status("reading the images"):
        dataset = load_dataset(data, choice=choice, form=form, allow_download=lambda what: yes or _ask(what))
    return _show_findings(dataset, strict=strict)


def read_voted_data(
    data: str | None,
    votes_file: Path | None,
    *,
    official_split: bool = False,
    yes: bool = False,
    strict: bool = False,
    choice: ClassChoice = ALL_CLASSES,
    form: PictureForm = FER2013_FORM,
) -> Dataset:
    """Read labelled faces and people's votes on them, and do as `read_data` does."""
    with stderr().status("reading the images and people's votes"):
        dataset = load_voted_dataset(
            data,
            votes_file,
            official_split=official_split,
            choice=choice,
            form=form,
            allow_download=lambda what: yes or _ask(what),
        )
    return _show_findings(dataset, strict=strict)


def show_classes(dataset: Dataset) -> None:
    """Print on stderr which folders became which class, unless the classes are the seven expressions."""
    if dataset.classes != EXPRESSIONS:
        stderr().print(classes_table(dataset))


def note_other_training(cards: Mapping[str, ModelCard], data_sha256: str, *, official_split: bool) -> None:
    """Print a note if models were trained on another data set or division than they are measured on.

    Args:
        cards: The models' cards by their names.
        data_sha256: Digest of the data set that they are measured on.
        official_split: Whether it is divided as FER2013 is.
    """
    others = [name for name, card in cards.items() if card.training.get("data_sha256") not in (None, data_sha256)]
    if others:
        had, change = ("had no", "leave it out") if official_split else ("had", "give it")
        print_note(
            f"{', '.join(others)}: trained on other images than these, or on another division of them; if training "
            f"{had} --official-split, {change} here, too, as results on images that a model has learned say little"
        )


def note_near_copies(dataset: Dataset) -> None:
    """Print a note if validation images are near-copies of training images, in a data set of moderate size."""
    faces = dataset.validation
    if dataset.source == SYNTHETIC or not (copies := count_across(faces.images, dataset.train.images)):
        return
    print_note(
        f"{copies:,} of {len(faces):,} validation images are near-copies of training images, such as one moment's next "
        "picture, so results look better than they are; fer-edge data split divides without them"
    )


def show_votes(dataset: Dataset, votes_weight: float) -> None:
    """Print on stderr how people's votes agree with the training split's labels, or that there are none to learn."""
    votes = dataset.train.votes
    if votes is not None and votes.voters.any():
        stderr().print(votes_table(dataset.train, votes, f"people's votes on the training split of {dataset.name}"))
    elif votes_weight:
        print_note(f"--votes-weight {votes_weight:g}: no training image has votes, so labels alone are learned")


def show_peoples_answer(scores: FloatArray, split: Split, card: ModelCard, title: str) -> None:
    """Print results against people's votes, as `people_tables` gives them."""
    for table in people_tables(scores, split, card, title):
        stdout().print(table)


def show_without_copies(scores: FloatArray, split: Split, copied: npt.NDArray[np.bool_]) -> None:
    """Print both answers on the images that have no exact copy in the training split, if some have one."""
    line = describe_without_copies(scores, split, copied)
    if line is not None:
        print_line(line, stdout())


def _ask(what: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return click.confirm(f"Download {what} from Kaggle (about 60 MB)?", err=True)


def _show_findings(dataset: Dataset, *, strict: bool) -> Dataset:
    for note in dataset.notes:
        print_note(note)
    names = list(dataset.splits)
    table = make_table(dataset.name, ["images"], [name.value for name in names])
    table.add_row("usable", *(f"{len(dataset.splits[name]):,}" for name in names))
    for finding in ImageFault:
        counts = [dataset.findings[name][finding] for name in names]
        if any(counts):
            table.add_row(finding.value, *(f"{count:,}" for count in counts))
    stderr().print(table)
    if strict:
        dataset.require_clean()
    return dataset
