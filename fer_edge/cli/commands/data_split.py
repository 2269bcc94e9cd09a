"""`fer-edge data split`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from fer_edge.cli.file_roles import folder_role, require_apart, roles
from fer_edge.cli.messages import print_note
from fer_edge.cli.number_range import NumberRange
from fer_edge.cli.parameters import PERCENTAGE
from fer_edge.collection.copying import copy_divided
from fer_edge.collection.folders import ClassFolder, read_class_folder
from fer_edge.collection.splitting import Division, GroupedBy, divide
from fer_edge.dataset.data import SplitName
from fer_edge.dataset.named_rows import match_images, read_column
from fer_edge.errors import InputError
from fer_edge.names import some
from fer_edge.number_format import plural
from fer_edge.terminal.consoles import print_line, stderr, stdout
from fer_edge.terminal.tables import make_table


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--by",
    "grouped_by",
    type=click.Choice([each.value for each in GroupedBy]),
    default=GroupedBy.TIME.value,
    show_default=True,
    help="What stays on one side beside near-copies: each series of pictures (time), each person, nothing (copies).",
)
@click.option(
    "--people",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Columns image and person, for --by person.  [default: a file's name up to the first _ or -]",
)
@click.option(
    "--gap",
    type=NumberRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Pause after which a new series begins, for --by time.",
)
@click.option(
    "--validation", type=PERCENTAGE, default="20%", show_default=True, help="Share of each class for validation."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the choice.")
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, help="New folder, which gets train/ and validation/."
)
def split(
    folder: Path, grouped_by: str, people: Path | None, gap: float, validation: float, seed: int, output: Path
) -> None:
    """Copy the pictures in FOLDER/<class>/ into train/ and validation/, near-copies never on both sides.

    Pictures of one moment or person resemble each other so much that a network which has seen some knows the others:
    results on them would look better than they are.

    \b
    fer-edge data split faces --output split
    fer-edge data split faces --by person --output split
    """
    if people is not None and grouped_by != GroupedBy.PERSON.value:
        raise InputError("--people is for --by person: add it, or leave out --people")
    if validation >= 1:
        raise InputError(f"--validation: expected less than 100%, got {validation:.0%}")
    require_apart(roles("FOLDER", folder), [folder_role("--output", output)])
    with stderr().status("reading the pictures"):
        found = read_class_folder(folder)
    if found.unreadable:
        print_note(f"left out {len(found.unreadable)}: {some(found.unreadable)}")
    named = _read_people(people, found)
    with stderr().status("looking for near-copies"):
        division = divide(found.pictures, GroupedBy(grouped_by), share=validation, gap_s=gap, people=named, seed=seed)
    copy_divided(found.pictures, division.splits, output)
    _print_counts(found, division, output)


def _read_people(path: Path | None, folder: ClassFolder) -> dict[str, str] | None:
    if path is None:
        return None
    rows = read_column(path, "person")
    matched, _ = match_images(path, rows, [str(each.place) for each in folder.pictures])
    return {image: rows[name] for image, name in matched.items()}


def _print_counts(folder: ClassFolder, division: Division, output: Path) -> None:
    counts = Counter(zip((each.label for each in folder.pictures), division.splits, strict=True))
    table = make_table(str(output), ["class"], [SplitName.TRAIN.value, SplitName.VALIDATION.value])
    for label in folder.labels:
        table.add_row(label, *(f"{counts[label, name]:,}" for name in (SplitName.TRAIN, SplitName.VALIDATION)))
    stdout().print(table)
    joined = f"; {plural(division.joined, 'pair')} of near-copies joined some" if division.joined else ""
    print_line(f"{division.groups:,} groups were kept whole{joined}", stdout())
