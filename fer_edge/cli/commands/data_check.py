"""`fer-edge data check`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
from rich.table import Table

from fer_edge.cli.parameters import SHIPPED, ModelPath
from fer_edge.collection.check import FolderCheck, as_facts, check_folder
from fer_edge.collection.folders import read_class_folder
from fer_edge.inference.card_reader import read_card
from fer_edge.models import SHIPPED_MODEL
from fer_edge.names import some
from fer_edge.number_format import plural
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.terminal.consoles import print_line, progress_bar, stderr, stdout
from fer_edge.terminal.native_logs import silence_opencv
from fer_edge.terminal.tables import make_table


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=ModelPath(),
    default=SHIPPED_MODEL,
    help=f"Model whose framing the pictures are compared with: a file, or {SHIPPED}.  [default: compact]",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of tables.")
def check(folder: Path, model: Path, as_json: bool) -> None:
    """Check the pictures in FOLDER/<class>/ or FOLDER/<split>/<class>/ before training.

    Counts the classes, finds near-copies, pictures without a face, and framing unlike the network's, and says what to
    do. Wrong labels are found by fer-edge data audit.

    \b
    fer-edge data check faces
    """
    silence_opencv()
    crop = read_card(model).crop
    with stderr().status("reading the pictures"):
        found = read_class_folder(folder)
    detector = FaceDetector(stills=True)
    with progress_bar("looking for faces", len(found.pictures)) as on_progress:
        checked = check_folder(found, crop, detector.detect, on_progress)
    if as_json:
        click.echo(json.dumps(as_facts(checked)))
        return
    stdout().print(_counts_table(checked, str(folder)))
    for line in _lines(checked):
        print_line(line, stdout())


def _counts_table(checked: FolderCheck, title: str) -> Table:
    splits = sorted({split for _, split in checked.counts}, key=str)
    names = ["pictures" if split is None else split.value for split in splits]
    table = make_table(title, ["class"], names)
    for label in sorted({label for label, _ in checked.counts}):
        table.add_row(label, *(f"{checked.counts[label, split]:,}" for split in splits))
    return table


def _lines(checked: FolderCheck) -> Iterator[str]:
    pairs = (
        ("near-copies", checked.copies_within),
        ("near-copies in different splits", checked.copies_across),
        ("near-copies in different classes", checked.copies_of_classes),
    )
    for what, found in pairs:
        yield f"{what}: {plural(len(found), 'pair')}{_named([' and '.join(pair) for pair in found])}"
    for what, places in (
        ("not readable or in no class folder", checked.unreadable),
        ("not square, so distorted", checked.not_square),
        ("no face found", checked.without_face),
    ):
        yield f"{what}: {len(places):,}{_named(list(places))}"
    yield from _framing(checked)
    for sentence in checked.advice():
        yield f"-> {sentence}"
    yield "-> labels that are probably wrong: fer-edge data audit --data FOLDER"


def _framing(checked: FolderCheck) -> Iterator[str]:
    framing, ratio, shift = checked.framing, checked.framing_ratio, checked.framing_shift
    if framing is None or ratio is None or shift is None:
        return
    verdict = "like" if checked.is_framed_alike() else "unlike"
    low, middle, high = framing.scale_quartiles
    yield (
        f"framing: {verdict} the network's: pictures are {middle:.2f} times a face's box wide (quartiles {low:.2f} and "
        f"{high:.2f}), the network's crop {checked.crop.scale:.2f}, a ratio of {ratio:.2f}; their centre lies "
        f"{abs(shift):.0%} {'lower' if shift > 0 else 'higher'}"
    )


def _named(names: list[str]) -> str:
    return f" ({some(names)})" if names else ""
