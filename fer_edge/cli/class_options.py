"""Options that choose a data set's classes and the size of its faces, and the table that shows what was chosen."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from fer_edge.cards.model_card import ModelCard
from fer_edge.cli.option_lists import Command, add_options
from fer_edge.cli.parameters import ParsedText
from fer_edge.dataset.class_choice import ClassChoice, merged_in, parse_classes, parse_merge
from fer_edge.dataset.data import Dataset
from fer_edge.names import printable
from fer_edge.picture_form import FER2013_FORM, PictureForm, parse_form
from fer_edge.terminal.tables import make_table

_CLASSES, _MERGES, _DROPPED, _FORM = "classes", "merges", "dropped", "form"


def class_options(command: Command) -> Command:
    """Add `--classes`, `--merge`, `--drop` and `--input` to a command; `take_choice` reads them."""
    decorators = [
        click.option(
            "--classes",
            _CLASSES,
            type=ParsedText("names", parse_classes),
            metavar="A,B,...",
            help="Classes to train on, in the order of the scores.  [default: each class folder, alphabetically]",
        ),
        click.option(
            "--merge",
            _MERGES,
            type=ParsedText("merge", parse_merge),
            multiple=True,
            metavar="NEW=A,B,...",
            help="Join classes into a new one; repeatable.",
        ),
        click.option(
            "--drop",
            _DROPPED,
            type=ParsedText("names", parse_classes),
            multiple=True,
            metavar="A,B,...",
            help="Leave out these classes.",
        ),
        click.option(
            "--input",
            _FORM,
            type=ParsedText("size", parse_form),
            metavar="SIZE",
            help="Size of the faces that the network takes: 64x64 is gray, 96x96x3 RGB.  [default: 48x48]",
        ),
    ]
    return add_options(command, decorators)


def take_choice(options: dict[str, Any]) -> tuple[ClassChoice, PictureForm]:
    """Remove the values of `class_options` from `options`, and return what they choose.

    Raises:
        DataError: If they contradict each other.
    """
    dropped = tuple(name for names in options.pop(_DROPPED) for name in names)
    choice = ClassChoice(options.pop(_MERGES), dropped, options.pop(_CLASSES) or ())
    return choice, options.pop(_FORM) or FER2013_FORM


def choice_of(card: ModelCard) -> tuple[ClassChoice, PictureForm]:
    """Return the choice of classes that gives a model's, and the size and colour of the faces that it takes.

    Raises:
        ModelError: If the card's facts on joined classes are none.
    """
    return ClassChoice.for_labels(card.labels, merged_in(card)), card.input.form


def classes_table(dataset: Dataset) -> Table:
    """Return the class, the folders and the number of images in each split of each class."""
    names = list(dataset.splits)
    table = make_table(f"classes of {dataset.name}", ["folder", "class"], [name.value for name in names])
    counts = {name: dataset.splits[name].class_counts() for name in names}
    for label, name in enumerate(dataset.classes):
        folders = ", ".join(map(printable, dataset.sources.get(name, (name,))))
        table.add_row(folders, name, *(f"{counts[split][label]:,}" for split in names))
    return table
