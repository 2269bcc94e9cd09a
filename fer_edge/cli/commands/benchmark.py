"""`fer-edge benchmark`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from fer_edge.benchmark.compare import compare_reports
from fer_edge.benchmark.labelled_faces import describe_data, take_some
from fer_edge.benchmark.measure import THREADS, measure
from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.benchmark.report import report_paths, write_report
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.setting import Data
from fer_edge.benchmark.subjects import Subject, load_subjects
from fer_edge.benchmark.tables import changes_lines, report_lines
from fer_edge.benchmark.timing import DEFAULT, QUICK, SUSTAINED
from fer_edge.cards.model_card import ModelCard
from fer_edge.cli.class_options import choice_for, judged_classes_option, note_absent, require_scored
from fer_edge.cli.commands.evaluation_findings import read_group_file
from fer_edge.cli.commands.evaluation_options import groups_option, stress_option
from fer_edge.cli.data_options import (
    data_roles,
    note_other_training,
    official_split_option,
    read_voted_data,
    votes_option,
)
from fer_edge.cli.file_roles import require_apart, roles
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.messages import print_note
from fer_edge.cli.model_options import warn_of_better_order
from fer_edge.cli.number_range import NumberRange
from fer_edge.cli.parameters import THREAD_COUNTS, ModelPath
from fer_edge.cli.peer_options import peer_labels_option, peer_logits_option, peer_range_option, stated_peers
from fer_edge.dataset.class_choice import ALL_CLASSES
from fer_edge.dataset.data import Split
from fer_edge.dataset.loading import DATA_ENV, SYNTHETIC
from fer_edge.errors import InputError
from fer_edge.inference.card_reader import find_card
from fer_edge.inference.engine import Engine
from fer_edge.models import shipped_models
from fer_edge.picture_form import FER2013_FORM
from fer_edge.terminal.consoles import stages_display, stderr, stdout
from fer_edge.terminal.native_logs import native_stderr_muffled, silence_opencv
from fer_edge.training.run_folder import RUNS

_EFFORTS = {effort.name: effort for effort in (QUICK, DEFAULT, SUSTAINED)}
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    cls=SectionedCommand,
    sections={"effort": "Measurement", "data": "Data", "runtimes": "Engines", "peers": "Peers", "output": "Outputs"},
)
@click.argument("models", metavar="[MODEL]...", nargs=-1, type=ModelPath())
@click.option("--quick", "effort", flag_value=QUICK.name, help="At least 50 rounds and 1 s; takes seconds a file.")
@click.option(
    "--sustained", "effort", flag_value=SUSTAINED.name, help="Ten minutes under load, to see a board get hot."
)
@click.option(
    "--data",
    metavar="PATH|synthetic",
    help="Labelled faces to measure accuracy on, as for fer-edge evaluate.  [default: $FER_EDGE_DATA, else none]",
)
@votes_option
@official_split_option
@judged_classes_option
@click.option(
    "--images", type=click.IntRange(1), help="Images of the validation split to measure accuracy on.  [default: all]"
)
@groups_option
@stress_option
@click.option(
    "--runtime",
    "runtimes",
    multiple=True,
    type=click.Choice([family.value for family in Engine]),
    help="Measure in this interpreter only; repeatable.  [default: every installed one]",
)
@click.option(
    "--threads",
    "--num-threads",
    metavar="N,N,...",
    default=",".join(map(str, THREADS)),
    show_default=True,
    type=THREAD_COUNTS,
    help="Numbers of threads to compare; everything else is measured with one thread.",
)
@click.option(
    "--peer",
    "peers",
    multiple=True,
    type=_FILE,
    help="Another project's .tflite or .onnx file to measure as well; repeatable.",
)
@peer_labels_option
@peer_range_option
@peer_logits_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS / "device",
    show_default=True,
    help="Folder for report.html, report.md, report.json and report.csv.",
)
@click.option(
    "--compare", "earlier", type=_FILE, help="An earlier report.json to compare with: reports what got slower or worse."
)
@click.option(
    "--fail-on",
    type=NumberRange(0),
    metavar="PERCENT",
    help="With --compare: exit with code 1 if a figure got worse beyond its noise by more than this.",
)
def command(
    models: tuple[Path, ...],
    effort: str | None,
    data: str | None,
    votes_file: Path | None,
    official_split: bool,
    judged_classes: tuple[str, ...] | None,
    images: int | None,
    groups_file: Path | None,
    stress: bool,
    runtimes: tuple[str, ...],
    threads: tuple[int, ...],
    peers: tuple[Path, ...],
    peer_labels: tuple[tuple[str, ...], ...],
    peer_range: tuple[tuple[float, float], ...],
    peer_logits: bool,
    output: Path,
    earlier: Path | None,
    fail_on: float | None,
) -> None:
    """Measure MODELs (.tflite or .onnx files; the shipped one by default) on this machine, and write a report.

    The report has latency (p50, p90, p99), memory, size and the machine's state; with --data also accuracy and the
    agreement with people's votes. The models take turns, so that a busy moment affects all alike: compare times within
    one run. TensorFlow is not needed.

    \b
    fer-edge benchmark                                 the shipped model, here
    fer-edge benchmark a.tflite b.tflite --quick       which file is faster here
    fer-edge benchmark --data faces.zip --images 500   accuracy as well
    fer-edge benchmark --compare old/report.json --fail-on 10
    """
    if fail_on is not None and earlier is None:
        raise InputError("--fail-on needs an earlier report to compare with: give it with --compare")
    reads = [*roles("MODEL", *models), *roles("--peer", *peers), *roles("--compare", earlier)]
    reads += [*data_roles(data), *roles("--votes", votes_file), *roles("--groups", groups_file)]
    require_apart(reads, roles("--output", *report_paths(output)))
    silence_opencv()
    before = Report.read(earlier) if earlier else None
    paths = models or tuple(shipped_models().values())
    card = _first_card(paths)
    faces, described = _read_faces(data, votes_file, judged_classes, images, card, official_split=official_split)
    if faces is None and (stress or groups_file):
        raise InputError("--stress and --groups need labelled faces: give them with --data")
    groups = None if groups_file is None or faces is None else read_group_file(groups_file, faces)
    stated = stated_peers(peers, peer_labels, peer_range, logits=peer_logits)
    classes = faces.classes if faces is not None else None
    subjects = _load(paths, peers=stated, runtimes=runtimes, classes=classes)
    if described is not None:
        cards = {each.path.name: each.classifier.card for each in subjects}
        note_other_training(cards, described.sha256, official_split=official_split)
    with stages_display() as on_stage:
        report = measure(
            subjects,
            effort=_EFFORTS[effort or DEFAULT.name],
            faces=faces,
            data=described,
            threads=threads,
            groups=groups,
            stress=stress,
            on_stage=on_stage,
        )
    written = write_report(report, output)
    stdout().print(*report_lines(report), sep="\n")
    _warn_of_orders(report, subjects, stated)
    stderr().print(f"written: {', '.join(map(str, written))}", soft_wrap=True)
    if before is not None:
        changes = compare_reports(before, report)
        stdout().print(*changes_lines(changes), sep="\n")
        if fail_on is not None:
            changes.require_no_worse(fail_on)


def _first_card(paths: Sequence[Path]) -> ModelCard | None:
    """Return the first file's card, whose classes and faces the others must have, too."""
    return find_card(paths[0]) if paths else None


def _load(
    models: Sequence[Path], *, peers: Sequence[PeerFile], runtimes: Sequence[str], classes: tuple[str, ...] | None
) -> list[Subject]:
    notes: list[str] = []
    with native_stderr_muffled():
        subjects = load_subjects(
            models,
            peers,
            engines=[Engine(name) for name in runtimes] or None,
            on_note=notes.append,
            classes=classes,
        )
    for note in notes:
        print_note(note)
    return subjects


def _warn_of_orders(report: Report, subjects: Sequence[Subject], peers: Sequence[PeerFile]) -> None:
    """Print a warning for each peer whose labels would fit the faces far better in another order."""
    facts = {peer.path: peer.facts for peer in peers}
    stated = {each.name: (each, facts[each.path]) for each in subjects if each.path in facts}
    for result in report.results:
        if result.name in stated and result.quality is not None:
            subject, said = stated[result.name]
            confusion = np.array(result.quality.evaluation["confusion_matrix"]["rows_true_columns_predicted"])
            labels = subject.classifier.card.labels
            warn_of_better_order(subject.name, confusion, labels, said, result.quality.classes)


def _read_faces(
    data: str | None,
    votes_file: Path | None,
    classes: tuple[str, ...] | None,
    images: int | None,
    card: ModelCard | None,
    *,
    official_split: bool,
) -> tuple[Split | None, Data | None]:
    """Read the labelled faces, if any are named; nothing is downloaded."""
    data = data or os.environ.get(DATA_ENV)
    if not data:
        given = {"--images": images, "--votes": votes_file, "--official-split": official_split, "--classes": classes}
        if useless := [option for option, value in given.items() if value]:
            raise InputError(f"{useless[0]} needs labelled faces: give them with --data")
        return None, None
    choice, form = (ALL_CLASSES, FER2013_FORM) if card is None else choice_for(card, classes)
    dataset = read_voted_data(data, votes_file, official_split=official_split, choice=choice, form=form)
    faces = take_some(dataset.validation, images)
    if card is not None:
        require_scored(dataset, card)
        note_absent(faces, card)
    return faces, describe_data(dataset, faces, "validation", synthetic=data == SYNTHETIC)
