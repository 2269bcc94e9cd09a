"""Options that choose a data set's classes and the size of its faces, and the table that shows what was chosen."""

from __future__ import annotations

from typing import Any

import click
from rich.table import Table

from fer_edge.cards.model_card import ModelCard
from fer_edge.cli.messages import print_note
from fer_edge.cli.option_lists import option_list
from fer_edge.cli.parameters import ParsedText
from fer_edge.dataset.class_choice import ClassChoice, parse_classes, parse_merge
from fer_edge.dataset.data import Dataset, Split
from fer_edge.errors import InputError
from fer_edge.names import printable, some
from fer_edge.picture_form import FER2013_FORM, PictureForm, parse_form, size_text
from fer_edge.terminal.tables import make_table

_SHOWN = 10
"""Classes that a note names: all seven expressions, but not a hundred."""

_CLASSES, _MERGES, _DROPPED, _FORM = CLASS_OPTIONS = ("classes", "merges", "dropped", "form")
"""Parameters of `class_options`."""


class_options = option_list(
    click.option(
        "--classes",
        _CLASSES,
        type=ParsedText("names", parse_classes),
        metavar="A,B,...",
        help="Classes to keep, in the order of the scores.  [default: each class folder, alphabetically]",
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
)
"""Add `--classes`, `--merge`, `--drop` and `--input` to a command; `take_choice` reads them."""


def take_choice(options: dict[str, Any]) -> tuple[ClassChoice, PictureForm]:
    """Remove the values of `class_options` from `options`, and return what they choose.

    Raises:
        DataError: If they contradict each other.
    """
    dropped = tuple(name for names in options.pop(_DROPPED) for name in names)
    choice = ClassChoice(options.pop(_MERGES), dropped, options.pop(_CLASSES) or ())
    return choice, options.pop(_FORM) or FER2013_FORM


def choice_words(choice: ClassChoice, form: PictureForm) -> list[str]:
    """Return the options of `class_options` that choose this; none for what is the default."""
    merges = [word for new, parts in choice.merge for word in ("--merge", f"{new}={','.join(parts)}")]
    dropped = ["--drop", ",".join(choice.drop)] if choice.drop else []
    kept = ["--classes", ",".join(choice.classes)] if choice.classes else []
    return [*kept, *merges, *dropped, *(["--input", size_text(form)] if form != FER2013_FORM else [])]


judged_classes_option = click.option(
    "--classes",
    "judged_classes",
    type=ParsedText("names", parse_classes),
    metavar="A,B,...",
    help="Judge on the images of these classes only.  [default: every class folder, which must be of the model's]",
)


def choice_for(card: ModelCard, classes: tuple[str, ...] | None = None) -> tuple[ClassChoice, PictureForm]:
    """Return the choice of classes by which a model is judged, and the size and colour of the faces that it takes.

    Args:
        card: The model's card.
        classes: Classes to judge it on, as `judged_classes_option` gives them.

    Raises:
        InputError: If the model does not score one of the classes.
        ModelError: If the card's facts on its classes are damaged.
    """
    if unknown := [name for name in classes or () if name not in card.labels]:
        labels = ", ".join(card.labels)
        raise InputError(f"--classes: {card.name} does not score {some(unknown)}; its classes are {labels}")
    return ClassChoice.for_model(card, classes or ()), card.input.form


def require_scored(dataset: Dataset, card: ModelCard) -> None:
    """Check that a model scores every class of the data set, but for those that the user or its training left out.

    Raises:
        InputError: If it does not.
    """
    if unscored := _unscored(dataset):
        splits = dataset.splits.values()
        shown = [name for i, name in enumerate(dataset.classes) if any(split.class_counts()[i] for split in splits)]
        raise InputError(
            f"{dataset.source} has images of {some(unscored)}, which {card.name} does not score; to judge it on the "
            f"others only, add --classes {','.join(shown)}"
        )


def require_every_class(dataset: Dataset, card: ModelCard) -> None:
    """Check that both splits show every class of a model, and print a note on images of others.

    Raises:
        InputError: If a class has no image.
    """
    for split in (dataset.train, dataset.validation):
        if absent := _absent(split):
            raise InputError(
                f"{dataset.source} has no image of {some(absent, shown=_SHOWN)}, which {card.name} scores; expected "
                f"images of each of its classes {', '.join(card.labels)}"
            )
    if unscored := _unscored(dataset):
        print_note(f"images of {some(unscored, shown=_SHOWN)} are left out, as {card.name} does not score them")


def note_absent(faces: Split, card: ModelCard) -> None:
    """Print a note on the classes that a model scores and no face shows."""
    if absent := _absent(faces):
        print_note(
            f"no image of {some(absent, shown=_SHOWN)}: where {card.name} answers so, it counts as wrong; mean recall "
            "and macro-F1 are over the classes that have images"
        )


def _unscored(dataset: Dataset) -> list[str]:
    """Return the data set's classes that a model does not score, but for those that the user or its training chose."""
    choice = dataset.choice
    return [] if choice.classes else [name for name in dataset.left_out_classes if name not in choice.drop]


def _absent(faces: Split) -> list[str]:
    return [name for name, count in zip(faces.classes, faces.class_counts(), strict=True) if not count]


def classes_table(dataset: Dataset) -> Table:
    """Return the class, the folders and the number of images in each split of each class."""
    names = list(dataset.splits)
    table = make_table(f"classes of {dataset.name}", ["folder", "class"], [name.value for name in names])
    counts = {name: dataset.splits[name].class_counts() for name in names}
    for label, name in enumerate(dataset.classes):
        folders = ", ".join(map(printable, dataset.sources.get(name, (name,))))
        table.add_row(folders, name, *(f"{counts[split][label]:,}" for split in names))
    return table
