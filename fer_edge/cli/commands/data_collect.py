"""`fer-edge data collect`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.commands.credentials import SecretOption
from fer_edge.cli.messages import option_named, print_note
from fer_edge.cli.number_range import NumberRange
from fer_edge.cli.parameters import SHIPPED, ModelPath
from fer_edge.collection.collecting import Collected
from fer_edge.collection.collecting import collect as collect_faces
from fer_edge.collection.folders import read_class_folder
from fer_edge.dataset.class_choice import class_name
from fer_edge.dataset.class_folders import split_of
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.inference.card_reader import read_card
from fer_edge.labels import require_free
from fer_edge.models import SHIPPED_MODEL
from fer_edge.names import printable
from fer_edge.number_format import plural
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.sources.devices import CameraSettings
from fer_edge.runtime.sources.opening import open_source
from fer_edge.terminal.consoles import make_progress, print_line, stdout
from fer_edge.terminal.native_logs import silence_opencv

_FORBIDDEN = set('/\\:*?"<>|')


@click.command()
@click.option(
    "--camera",
    cls=SecretOption,
    envvar="FER_EDGE_CAMERA",
    default="0",
    show_default=True,
    metavar="SOURCE",
    help="Camera or recording, as for fer-edge run.",
)
@click.option("--class", "label", required=True, metavar="NAME", help="Class of the pictures, such as smile.")
@click.option(
    "--person",
    default="me",
    show_default=True,
    metavar="NAME",
    help="Name of the person in view; data split --by person keeps each person on one side.",
)
@click.option("--count", type=click.IntRange(1), default=50, show_default=True, help="Number of pictures to take.")
@click.option(
    "--every",
    type=NumberRange(0),
    default=0.5,
    show_default=True,
    metavar="SECONDS",
    help="Least time between two pictures.",
)
@click.option(
    "--model",
    type=ModelPath(),
    default=SHIPPED_MODEL,
    help=f"Model whose framing the pictures get: a file, or {SHIPPED}.  [default: compact]",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("faces"),
    show_default=True,
    help="Folder with a folder for each class.",
)
def collect(camera: str, label: str, person: str, count: int, every: float, model: Path, output: Path) -> None:
    """Take pictures of your own face for a class, cut out as the network expects it, and draw a sheet to review them.

    Move your head, the light and the expression a little all the time: frames like an earlier picture are left out.
    Nothing is sent anywhere. Take pictures of others only if they agree; delete the folder to delete them.

    \b
    fer-edge data collect --camera 0 --class smile
    fer-edge data collect --camera 0 --class neutral
    fer-edge data split faces --output split
    """
    if not label.strip(". ") or _FORBIDDEN & set(label) or printable(label) != label:
        raise InputError(f"--class: expected a name that a folder can have, got {label!r}")
    require_free([class_name(label)], "--class")
    if split_of(label) is not None:
        raise InputError(f"--class: expected the name of a class, got {label}, which is a split's; choose another")
    silence_opencv()
    crop = read_card(model).crop
    folder = output / label
    with option_named("--camera"):
        source = open_source(camera, CameraSettings(None, None), paced=True, on_note=print_note)
    found = Collected()
    try:
        with source, make_progress(with_notes=True) as progress, option_named("--person"):
            task = progress.add_task(label, total=count, note="")
            detect = FaceDetector().detect
            for found in collect_faces(source, detect, folder, person=person, crop=crop, count=count, every_s=every):
                note = "" if found.last is None else found.last.value
                progress.update(task, completed=len(found.files), note=note)
    finally:
        _report(found, folder, output, label)
    if not found.files:
        raise FerEdgeError(f"no picture was taken of {label}: {_reasons(found) or 'the camera gave no frame'}")


def _report(found: Collected, folder: Path, output: Path, label: str) -> None:
    if reasons := _reasons(found):
        print_note(f"frames without a picture: {reasons}")
    if not found.files:
        return
    print_line(f"written: {plural(len(found.files), 'picture')} in {folder}", stdout())
    pictures = read_class_folder(output).pictures
    place = output if output.name not in ("", "..") else output.resolve()  # such as "."
    review = place.parent / f"{place.name}-review" / f"{label}.png"
    try:
        from fer_edge.training.audit.contact_sheet import Tile, arrange, draw_sheets

        own = [each for each in pictures if each.label == class_name(label)]
        tiles = [Tile(each.face, (each.path.stem[-9:], each.path.stem[:-10])) for each in own]
        sheets = draw_sheets(arrange(tiles), review, title=f"{label}: delete pictures that do not show it")
        print_line(f"review them: {', '.join(map(str, sheets))}", stdout())
    except ImportError:
        print_note("no review sheet, as matplotlib is not installed: look at the pictures themselves")


def _reasons(found: Collected) -> str:
    return "; ".join(f"{count} where {reason.value}" for reason, count in found.skipped.most_common())
