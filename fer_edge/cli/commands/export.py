"""`fer-edge export`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from export.auto import FAR, Progress, export_fastest
from export.calibration import DEFAULT_IMAGES, CalibrationSet, choose_calibration_set
from export.exporter import Exported, Exporter, Format, Target, targets
from export.layer_errors import MEASURED_IMAGES, LayerError, as_csv, measure_layer_errors
from export.onnx import ONNX_PRECISIONS
from export.prior import fold_prior
from fer_edge.benchmark.machine import machine_facts
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cli.class_options import choice_for, require_every_class
from fer_edge.cli.commands.export_tables import layer_table, trial_table, verification_table
from fer_edge.cli.data_options import (
    data_option,
    data_roles,
    note_other_training,
    official_split_option,
    read_voted_data,
    votes_option,
    yes_option,
)
from fer_edge.cli.file_roles import FileRole, require_apart, roles
from fer_edge.cli.messages import option_named, print_warning
from fer_edge.cli.model_options import (
    input_range_option,
    labels_option,
    logits_option,
    prior_option,
    trust_option,
    warn_of_better_order,
)
from fer_edge.cli.sections import SectionedCommand
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.data import Split
from fer_edge.errors import InputError, ToleranceError
from fer_edge.files import write_atomic
from fer_edge.precision import EXPORTABLE, Precision
from fer_edge.terminal.consoles import make_progress, stderr, stdout
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.run_folder import RunFolder, newest_run

_INT8_TFLITE = Target(Format.TFLITE, Precision.INT8)
_ADVICE = "try more or other calibration images (--calibration-images, --seed), or another precision"


@click.command(
    cls=SectionedCommand,
    sections={
        "data": "Data",
        "labels": "Model",
        "int8": "Files",
        "calibration_images": "Calibration",
        "layer_errors": "Verification",
    },
)
@click.argument("model", type=click.Path(path_type=Path), required=False)
@data_option
@votes_option
@official_split_option
@labels_option
@input_range_option
@logits_option
@prior_option("Shares of the expressions among the faces that the files are for, built into their scores")
@trust_option
@click.option("--int8", is_flag=True, help="Same as --precision int8.")
@click.option(
    "--precision",
    "precisions",
    type=click.Choice([precision.value for precision in EXPORTABLE]),
    multiple=True,
    help="Precision to export; repeatable.  [default: int8; with --auto, all]",
)
@click.option("--all", "everything", is_flag=True, help="Export every precision.")
@click.option(
    "--auto",
    is_flag=True,
    help="Time the files on this machine and write only the fastest one that passes verification; of equally fast "
    "ones, the smallest.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice([one.value for one in Format]),
    multiple=True,
    help="Format to export; repeatable.  [default: both; ONNX in fp32 and int8 only]",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="Folder for the files.  [default: export/ beside MODEL]"
)
@click.option("--float-io", is_flag=True, help="Give the int8 TFLite file float32 inputs and outputs instead of int8.")
@click.option(
    "--calibration-images",
    type=click.IntRange(2),
    default=DEFAULT_IMAGES,
    show_default=True,
    help="Training images to calibrate int8 with.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed for choosing the calibration images."
)
@click.option(
    "--layer-errors",
    is_flag=True,
    help="Show the quantization error of each layer of the int8 TFLite file, largest first; all layers go to "
    "<name>_int8_layers.csv.",
)
@click.option("--keep-failed", is_flag=True, help="Keep a file that fails verification, as <name>.failed.<format>.")
@click.option(
    "--skip-failed",
    is_flag=True,
    help="Report files that fail verification, and exit with code 0 if at least one file passes.",
)
@yes_option
def command(
    model: Path | None,
    data: str | None,
    votes_file: Path | None,
    official_split: bool,
    labels: tuple[str, ...] | None,
    input_range: tuple[float, float] | None,
    logits: bool,
    prior: str | None,
    trust_model: bool,
    int8: bool,
    precisions: tuple[str, ...],
    everything: bool,
    auto: bool,
    formats: tuple[str, ...],
    output: Path | None,
    float_io: bool,
    calibration_images: int,
    seed: int,
    layer_errors: bool,
    keep_failed: bool,
    skip_failed: bool,
    yes: bool,
) -> None:
    """Convert MODEL (a .keras file; the newest run's by default) to TFLite and ONNX, and verify each file.

    Each file is run with the device's interpreter on the whole validation split and compared with MODEL. A file that
    deviates by more than its precision allows is deleted, and the exit code is 1, or 0 with --skip-failed. Without
    --data, the faces are those that MODEL was trained on.

    \b
    fer-edge export --int8 --data face-expression-recognition-dataset.zip
    fer-edge export runs/documented/model.keras --all
    fer-edge export --precision fp16 --precision int8 --format tflite
    fer-edge export --auto
    fer-edge export --prior photos^0.6
    fer-edge export mine.keras --trust-model --labels sad,happy --input-range 0..1
    """
    chosen_formats = [Format(one) for one in formats] or list(Format)
    names = precisions + (("int8",) if int8 else ())
    wanted = targets(_precisions(names, chosen_formats, everything or (auto and not names)), chosen_formats)
    _check(wanted, float_io=float_io, layer_errors=layer_errors)
    if auto:
        _check_auto(layer_errors=layer_errors, keep_failed=keep_failed, skip_failed=skip_failed)
    path = model or newest_run().model
    folder = output or RunFolder(path.parent).export_folder
    data = data or RunFolder(path.parent).data()
    facts = StatedFacts(labels, input_range, logits, trusted=trust_model)
    parent = _for_prior(KerasClassifier.load(path, facts), prior)
    reads = [*roles("MODEL", path), *data_roles(data), *roles("--votes", votes_file)]
    require_apart(reads, _written(folder, parent.card.name, wanted))
    choice, form = choice_for(parent.card)
    dataset = read_voted_data(data, votes_file, official_split=official_split, yes=yes, choice=choice, form=form)
    require_every_class(dataset, parent.card)
    note_other_training({path.name: parent.card}, dataset.sha256(), official_split=official_split)
    job = _Job(
        parent,
        facts,
        dataset.validation,
        exact_copies(dataset.validation.images, dataset.train.images),
        choose_calibration_set(dataset.train, dataset.name, images=calibration_images, seed=seed),
        folder,
        float_io,
    )
    if auto:
        _export_fastest(job, wanted)
    else:
        results = _export_all(job, wanted, keep_failed=keep_failed, layer_errors=layer_errors)
        _conclude(results, job.folder, skip_failed=skip_failed)


def _for_prior(parent: KerasClassifier, prior: str | None) -> KerasClassifier:
    if prior is None:
        return parent
    with option_named(f"--prior {prior}"):
        return fold_prior(parent, prior)


@dataclass(frozen=True)
class _Job:
    """Model to export, the images to calibrate and verify with, and the folder for the files."""

    parent: KerasClassifier
    stated: StatedFacts
    faces: Split
    copied: npt.NDArray[np.bool_]
    calibration: CalibrationSet
    folder: Path
    float_io: bool

    @property
    def title(self) -> str:
        return f"{self.parent.path} against its files, on {len(self.faces)} validation images"

    def make_exporter(self, progress: Progress, *, keep_failed: bool = False) -> Exporter:
        progress.on_stage("the Keras model", len(self.faces))
        exporter = Exporter(
            self.parent,
            self.faces,
            self.calibration,
            self.folder,
            copied=self.copied,
            float_io=self.float_io,
            keep_failed=keep_failed,
            on_progress=progress.on_step,
        )
        confusion = exporter.parent_evaluation.confusion
        warn_of_better_order(self.parent.path.name, confusion, self.parent.card.labels, self.stated, self.faces.classes)
        return exporter

    def write_calibration(self) -> None:
        write_atomic(self.folder / "calibration.json", self.calibration.manifest())


def _export_fastest(job: _Job, wanted: list[Target]) -> None:
    with _show_progress() as progress:
        trial = export_fastest(job.make_exporter(progress), wanted, job.faces, progress)
    stdout().print(trial_table(trial, f"{job.title}; times of one thread of {machine_facts()['processor']}"))
    for tried in trial.tried:
        if tried.refusal is not None:
            stderr().print(f"{tried.name}: {tried.refusal}")
        elif tried.exported is None:
            stderr().print(f"{tried.name}: not verified, as it takes over {FAR} times as long as one that passed")
        elif tried.exported.faults:
            stderr().print(f"{tried.name}: {'; '.join(tried.exported.faults)}")
    if trial.kept is None or trial.choice is None:
        raise ToleranceError(f"none of {len(trial.tried)} files passed verification, so none was written; {_ADVICE}")
    if trial.machine_faults:
        faults = "; ".join(trial.machine_faults)
        print_warning(f"the choice rests on disturbed times ({faults}); repeat it on an idle machine")
    if trial.kept.target.precision.needs_calibration:
        job.write_calibration()
    stdout().print(f"{trial.choice.name}: {trial.choice.reason}")
    stdout().print(f"written: {trial.kept.path}")


def _export_all(job: _Job, wanted: list[Target], *, keep_failed: bool, layer_errors: bool) -> list[Exported]:
    images = len(job.faces)
    results: list[Exported] = []
    errors: list[LayerError] = []
    with _show_progress() as progress:
        exporter = job.make_exporter(progress, keep_failed=keep_failed)
        if any(target.precision.needs_calibration for target in wanted):
            job.write_calibration()
        for target in wanted:
            progress.on_stage(exporter.name_of(target), images)
            results.append(exporter.export(target))
        if layer_errors:
            progress.on_stage("layer by layer", min(images, MEASURED_IMAGES))
            errors = measure_layer_errors(job.parent.model, job.calibration, job.faces, progress.on_step)
    if errors:
        path = job.folder / exporter.name_of(_INT8_TFLITE).replace(".tflite", "_layers.csv")
        write_atomic(path, as_csv(errors))  # before any table, whose reader may leave: `| head`
    stdout().print(verification_table(results, job.title))
    if errors:
        stdout().print(layer_table(errors))
        stdout().print(f"written: {path}")
    return results


def _precisions(named: tuple[str, ...], formats: list[Format], everything: bool) -> list[Precision]:
    if everything:
        return [each for each in EXPORTABLE if Format.TFLITE in formats or each in ONNX_PRECISIONS]
    return [each for each in EXPORTABLE if each.value in named] or [Precision.INT8]


def _check(wanted: list[Target], *, float_io: bool, layer_errors: bool) -> None:
    """Raise for an option that would be ignored."""
    for option, given in (("--layer-errors", layer_errors), ("--float-io", float_io)):
        if given and _INT8_TFLITE not in wanted:
            raise InputError(f"{option} needs the int8 TFLite file: add --int8 --format tflite")


def _check_auto(*, layer_errors: bool, keep_failed: bool, skip_failed: bool) -> None:
    """Raise for an option that --auto would ignore."""
    options = (("--layer-errors", layer_errors), ("--keep-failed", keep_failed), ("--skip-failed", skip_failed))
    for option, given in options:
        if given:
            raise InputError(f"--auto writes only a file that passed: use {option} without --auto")


def _written(folder: Path, name: str, wanted: list[Target]) -> list[FileRole]:
    files = [folder / target.file_name(name) for target in wanted]
    failed = [path.with_suffix(f".failed{path.suffix}") for path in files]
    layers = folder / _INT8_TFLITE.file_name(name).replace(".tflite", "_layers.csv")
    return roles("--output", *files, *failed, layers, folder / "calibration.json")


@contextmanager
def _show_progress() -> Iterator[Progress]:
    with make_progress() as display:
        task = display.add_task("")

        def on_stage(description: str, steps: int) -> None:
            display.reset(task, description=description, total=steps)

        def on_step(done: int) -> None:
            display.update(task, completed=done)

        yield Progress(on_stage, on_step)


def _conclude(results: list[Exported], folder: Path, *, skip_failed: bool) -> None:
    written = [result.path.name for result in results if result.path]
    if written:
        stdout().print(f"written to {folder}: {', '.join(written)}")
    failed = [result for result in results if result.faults]
    for result in failed:
        stderr().print(f"{result.target.format.value} {result.target.precision.value}: {'; '.join(result.faults)}")
    if failed:
        message = f"{len(failed)} of {len(results)} files failed verification and {_fate(failed)}; {_ADVICE}"
        if not skip_failed or len(failed) == len(results):
            raise ToleranceError(message)
        print_warning(message)


def _fate(failed: list[Exported]) -> str:
    kept = [str(result.path) for result in failed if result.path]
    return f"are kept as {', '.join(kept)}" if kept else "were not written"
