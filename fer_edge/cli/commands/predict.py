"""`fer-edge predict`."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from fer_edge.analysis.faces import Face
from fer_edge.analysis.named_files import find_pictures
from fer_edge.analysis.prediction import CopyFolders, Prediction, predict
from fer_edge.analysis.recognizer import Recognizer
from fer_edge.cli.face_options import confidence_option, detector_width_option, max_faces_option, threshold_option
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.messages import with_options
from fer_edge.cli.model_options import (
    input_range_option,
    labels_option,
    logits_option,
    model_option,
    num_threads_option,
    prior_option,
    require_prior,
    stated_facts,
)
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.labels import require_free
from fer_edge.names import printable
from fer_edge.runtime.faces.detector import small_faces_advice
from fer_edge.runtime.results import answer_words
from fer_edge.terminal.consoles import print_line, progress_bar, stdout
from fer_edge.terminal.native_logs import native_stderr_muffled

Show = Callable[[Prediction], None]


@click.command(
    cls=SectionedCommand,
    sections={"recursive": "Source", "as_json": "Outputs", "model": "Model", "detector_width": "Faces"},
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--recursive", is_flag=True, help="Search the folders below the named ones too.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each picture, one a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a row for each face, and one for a picture without a face.")
@click.option("--save", type=click.Path(path_type=Path), metavar="DIR", help="Write annotated copies of the pictures.")
@click.option("--crops", type=click.Path(path_type=Path), metavar="DIR", help="Write each face as a picture.")
@model_option
@labels_option
@input_range_option
@logits_option
@prior_option("Expected share of each expression in the pictures, by which scores are re-weighted")
@num_threads_option
@detector_width_option
@confidence_option
@max_faces_option
@threshold_option
def command(
    paths: tuple[str, ...],
    recursive: bool,
    as_json: bool,
    as_csv: bool,
    save: Path | None,
    crops: Path | None,
    model: Path,
    labels: tuple[str, ...] | None,
    input_range: tuple[float, float] | None,
    logits: bool,
    **settings: Any,
) -> None:
    """Find the faces in pictures and their expressions.

    PATH is a picture, a folder of pictures, or a pattern such as 'photos/*.jpg'. The exit code is 1 if a picture cannot
    be read; the others are shown all the same.

    \b
    fer-edge predict photo.jpg
    fer-edge predict photos --recursive --csv > faces.csv
    fer-edge predict photos --save annotated --crops faces
    """
    if as_json and as_csv:
        raise InputError("--json and --csv cannot both be printed; leave one of them out")
    pictures = find_pictures(paths, recursive=recursive)
    copies = CopyFolders(save, crops)
    copies.check(pictures)
    facts = stated_facts(labels, input_range, logits)
    require_prior(settings["prior"], model, facts)
    with native_stderr_muffled():
        recognizer = Recognizer(model, facts=facts, **settings)
    if as_json:
        show: Show = _show_json
    elif as_csv:
        require_free(recognizer.labels, str(model))
        show = _csv_printer(recognizer.labels)
    else:
        show = _show_words
    unreadable, faces = 0, 0
    with progress_bar("pictures", len(pictures), with_results=True) as advance:
        for done, prediction in enumerate(predict(recognizer, pictures, copies), 1):
            show(replace(prediction, error=prediction.error and with_options(prediction.error)))
            unreadable += prediction.faces is None
            faces += len(prediction.faces or ())
            advance(done)
    if not faces and unreadable < len(pictures) and not as_json:
        click.echo(small_faces_advice(settings["detector_width"], stills=True), err=True)
    if unreadable:
        raise FerEdgeError(f"{unreadable:,} of {len(pictures):,} pictures could not be read")


def _show_words(prediction: Prediction) -> None:
    name = printable(str(prediction.picture.path))
    if prediction.faces is None:
        print_line(f"{name}: not read: {printable(prediction.error or '')}", stdout())
    elif not prediction.faces:
        print_line(f"{name}: no face", stdout())
    else:
        for face in prediction.faces:
            print_line(f"{name}: {_in_words(face)}", stdout())


def _in_words(face: Face) -> str:
    x1, y1, x2, y2 = (round(value) for value in face.box)
    return f"{answer_words(face.label, face.score)}, {x2 - x1}x{y2 - y1} pixels at {x1},{y1}"


def _show_json(prediction: Prediction) -> None:
    facts = prediction.to_dict()
    click.echo(json.dumps({**facts, "file": printable(facts["file"])}, ensure_ascii=False))


def _csv_printer(labels: tuple[str, ...]) -> Show:
    """Return a function that prints a prediction's rows; the header is printed at once."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = ("file", "face", "x1", "y1", "x2", "y2", "confidence", "label", "score")
    writer.writerow([*columns, *labels, "error"])

    def show(prediction: Prediction) -> None:
        name = printable(str(prediction.picture.path))
        blank = [""] * (len(columns) - 1 + len(labels))
        rows = list(_csv_rows(prediction)) or [[*blank, prediction.error or ""]]
        writer.writerows([name, *row] for row in rows)
        sys.stdout.flush()

    return show


def _csv_rows(prediction: Prediction) -> Iterator[list[object]]:
    for number, face in enumerate(prediction.to_dict().get("faces", ()), 1):
        named = (face[name] for name in ("confidence", "label", "score"))
        yield [number, *face["box"], *named, *face["scores"].values(), ""]
