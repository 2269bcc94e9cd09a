"""`fer-edge benchmark`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from fer_edge.benchmark.compare import Changes, compare_reports
from fer_edge.benchmark.measure import THREADS, describe_data, measure
from fer_edge.benchmark.report import report_paths, write_report
from fer_edge.benchmark.results import Data, Report
from fer_edge.benchmark.subjects import PeerFile, Subject, load_subjects
from fer_edge.benchmark.tables import changes_table, summary_table
from fer_edge.benchmark.timing import DEFAULT, QUICK, SUSTAINED
from fer_edge.cli.commands.benchmark_peers import LABELS_HELP, RANGE_HELP, read_peers
from fer_edge.cli.consoles import stderr, stdout
from fer_edge.cli.file_roles import require_apart, roles
from fer_edge.cli.model_path import ModelPath
from fer_edge.cli.opencv_logs import silence_opencv
from fer_edge.cli.options import data_roles, stages_display
from fer_edge.cli.parameters import read_thread_counts
from fer_edge.cli.quiet import native_stderr_muffled
from fer_edge.cli.stated_options import warn_of_better_order
from fer_edge.cli.votes_options import note_other_training, official_split_option, read_voted_data, votes_option
from fer_edge.dataset.data import Split
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC
from fer_edge.errors import InputError
from fer_edge.files import read_text_file
from fer_edge.inference.engine import Engine
from fer_edge.models import shipped_models
from fer_edge.training.run_folder import RUNS

EMULATED = RUNS / "pi" / "pi.json"
"""Where `make pi` writes what it counted."""

_EFFORTS = {effort.name: effort for effort in (QUICK, DEFAULT, SUSTAINED)}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=ModelPath())
@click.option("--quick", "effort", flag_value=QUICK.name, help="At least 50 rounds and 1 s: seconds a file.")
@click.option("--sustained", "effort", flag_value=SUSTAINED.name, help="For ten minutes, as a board must last.")
@click.option(
    "--data",
    metavar="PATH|synthetic",
    help="Labelled faces, as for fer-edge evaluate, to measure accuracy on.  [default: $FER_EDGE_DATA, else none]",
)
@votes_option
@official_split_option
@click.option("--images", type=click.IntRange(1), help="Of the validation split, for accuracy.  [default: all]")
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    type=click.Choice([family.value for family in Engine]),
    help="Only in this interpreter; may be given again.  [default: every one that is installed]",
)
@click.option(
    "--threads",
    "--num-threads",
    metavar="N,N,...",
    default=",".join(map(str, THREADS)),
    show_default=True,
    callback=read_thread_counts,
    help="Numbers of threads to compare; all else is measured with one.",
)
@click.option("--peer", "peers", multiple=True, type=_FILE, help="Another project's .tflite or .onnx file, too.")
@click.option("--peer-labels", metavar="NAMES", multiple=True, help=LABELS_HELP)
@click.option("--peer-range", metavar="BLACK..WHITE", multiple=True, help=RANGE_HELP)
@click.option("--peer-logits", is_flag=True, help="The peers' scores have not been through a softmax.")
@click.option(
    "--emulated", type=_FILE, help=f"What make pi counted, for the report.  [default: {EMULATED}, if it is there]"
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS / "device",
    show_default=True,
    help="Folder of report.html, report.md, report.json and report.csv.",
)
@click.option("--compare", "earlier", type=_FILE, help="An earlier report.json: tell what got slower or worse.")
@click.option(
    "--fail-on",
    type=click.FloatRange(0),
    metavar="PERCENT",
    help="With --compare: exit with 1 if a figure got worse, beyond its noise, by more than this.",
)
def command(
    models: tuple[Path, ...],
    effort: str | None,
    data: str | None,
    votes_file: Path | None,
    official_split: bool,
    images: int | None,
    runtimes: tuple[str, ...],
    threads: tuple[int, ...],
    peers: tuple[Path, ...],
    peer_labels: tuple[str, ...],
    peer_range: tuple[str, ...],
    peer_logits: bool,
    emulated: Path | None,
    output: Path,
    earlier: Path | None,
    fail_on: float | None,
) -> None:
    """Measure MODELs (.tflite or .onnx files; the shipped one by default) on this machine, and write a report.

    They take turns, so that a busy moment strikes all alike; compare times within one run.

    Latency, percentiles, memory, size and the machine's state; with --data, people's answer and accuracy too.
    It needs no TensorFlow.

    \b
    fer-edge benchmark                                       the shipped model, on this board
    fer-edge benchmark a_int8.tflite a_fp32.tflite --quick   which is faster here
    fer-edge benchmark --data faces.zip --images 500         how good, too
    fer-edge benchmark --compare old/report.json --fail-on 10
    """
    if fail_on is not None and earlier is None:
        raise click.UsageError("--fail-on judges a comparison: give the earlier report with --compare")
    reads = [*roles("MODEL", *models), *roles("--peer", *peers), *roles("--compare", earlier)]
    reads += [*roles("--emulated", emulated or EMULATED), *data_roles(data), *roles("--votes", votes_file)]
    require_apart(reads, roles("--output", *report_paths(output)))
    silence_opencv()
    before = Report.read(earlier) if earlier else None
    counted = read_emulated(emulated)
    faces, described = _read_faces(data, votes_file, images, official_split=official_split)
    stated = read_peers(peers, peer_labels, peer_range, logits=peer_logits)
    subjects = _load(models, peers=stated, runtimes=runtimes)
    if described is not None:
        cards = {each.path.name: each.classifier.card for each in subjects}
        note_other_training(cards, described.sha256, official_split=official_split)
    with stages_display() as on_progress:
        report = measure(
            subjects,
            effort=_EFFORTS[effort or DEFAULT.name],
            faces=faces,
            data=described,
            threads=threads,
            emulated=counted,
            on_progress=on_progress,
        )
    written = write_report(report, output)
    show_report(report)
    _warn_of_orders(report, subjects, stated)
    stderr.print(f"written: {', '.join(map(str, written))}", soft_wrap=True)
    if before is not None:
        changes = compare_reports(before, report)
        show_changes(changes)
        if fail_on is not None:
            changes.require_no_worse(fail_on)


def read_emulated(path: Path | None) -> dict[str, Any] | None:
    """What `make pi` counted: in a file, or where it writes it, if it is there.

    Raises:
        InputError: If it is no JSON object.
    """
    path = path or EMULATED
    if not path.is_file():
        return None
    try:
        counted = json.loads(read_text_file(path, "what make pi counted"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected what make pi counted, got no JSON ({error})") from error
    if not isinstance(counted, dict):
        raise InputError(f"{path}: expected what make pi counted, a JSON object, got {type(counted).__name__}")
    return counted


def take_some(faces: Split, images: int | None) -> Split:
    """So many of them, drawn by lot, always the same."""
    if images is None or images >= len(faces):
        return faces
    return faces.take(np.random.default_rng(0).permutation(len(faces))[:images])


def show_report(report: Report) -> None:
    """Print the summary, and what a reader must know of it."""
    stdout.print(summary_table(report))
    if report.data is None:
        stdout.print(f"accuracy was not measured: give labelled faces with --data or ${DATA_ENV}")
    elif report.data.synthetic:
        stdout.print("the faces are drawn: accuracy says little")
    for fault in report.board.faults:
        stdout.print(f"the times are not valid: {fault}", style="red", markup=False)


def show_changes(changes: Changes) -> None:
    """Print what got slower, larger or worse, and what was not judged."""
    for note in changes.notes:
        stdout.print(f"note: {note}", markup=False)
    found = changes.beyond_noise()
    if found:
        stdout.print(changes_table(changes))
    stdout.print(f"{len(changes.rows) - len(found)} of {len(changes.rows)} figures differ by no more than their noise")


def _load(models: Sequence[Path], *, peers: Sequence[PeerFile], runtimes: Sequence[str]) -> list[Subject]:
    notes: list[str] = []
    with native_stderr_muffled():
        subjects = load_subjects(
            models or tuple(shipped_models().values()),
            peers,
            families=[Engine(name) for name in runtimes] or None,
            on_note=notes.append,
        )
    for note in notes:
        stderr.print(f"note: {note}", markup=False)
    return subjects


def _warn_of_orders(report: Report, subjects: Sequence[Subject], peers: Sequence[PeerFile]) -> None:
    """Print a warning for each peer whose labels would fit the faces far better in another order."""
    facts = {peer.path: peer.facts for peer in peers}
    stated = {each.name: (each, facts[each.path]) for each in subjects if each.path in facts}
    for result in report.results:
        if result.name in stated and result.quality is not None:
            subject, said = stated[result.name]
            confusion = np.array(result.quality.evaluation["confusion_matrix"]["rows_true_columns_predicted"])
            warn_of_better_order(subject.name, confusion, subject.classifier.card.labels, said)


def _read_faces(
    data: str | None, votes_file: Path | None, images: int | None, *, official_split: bool
) -> tuple[Split | None, Data | None]:
    """The labelled faces, if any were named; nothing is downloaded."""
    data = data or os.environ.get(DATA_ENV)
    if not data:
        if images is not None:
            raise click.UsageError("--images is a number of labelled faces: name them with --data")
        if votes_file is not None:
            raise click.UsageError("--votes are people's votes on labelled faces: name those with --data")
        if official_split:
            raise click.UsageError("--official-split divides labelled faces: name those with --data")
        return None, None
    dataset = read_voted_data(data, votes_file, official_split=official_split)
    faces = take_some(dataset.validation, images)
    return faces, describe_data(dataset, faces, "validation", synthetic=data == SYNTHETIC)
