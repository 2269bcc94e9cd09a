"""`fer-edge export`."""

from __future__ import annotations

from pathlib import Path

import click

from export.calibration import DEFAULT_IMAGES, choose_calibration_set
from export.onnx import ONNX_PRECISIONS
from export.prior import fold_prior
from export.target import Format, Target, targets
from fer_edge.cli.class_options import choice_for, require_every_class
from fer_edge.cli.commands.export_job import (
    CALIBRATION_NAME,
    INT8_TFLITE,
    ExportJob,
    conclude,
    export_all,
    export_one,
    layers_path,
)
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
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.messages import option_named
from fer_edge.cli.model_options import (
    input_range_option,
    labels_option,
    logits_option,
    prior_option,
    stated_facts,
    trust_option,
)
from fer_edge.dataset.copies import exact_copies
from fer_edge.errors import InputError
from fer_edge.precision import EXPORTABLE, Precision
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.run_folder import RunFolder, newest_run


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
    facts = stated_facts(labels, input_range, logits, trusted=trust_model)
    parent = _for_prior(KerasClassifier.load(path, facts), prior)
    reads = [*roles("MODEL", path), *data_roles(data), *roles("--votes", votes_file)]
    require_apart(reads, _written(folder, parent.card.name, wanted))
    choice, form = choice_for(parent.card)
    dataset = read_voted_data(data, votes_file, official_split=official_split, yes=yes, choice=choice, form=form)
    require_every_class(dataset, parent.card)
    note_other_training({path.name: parent.card}, dataset.sha256(), official_split=official_split)
    job = ExportJob(
        parent,
        facts,
        dataset.validation,
        exact_copies(dataset.validation.images, dataset.train.images),
        choose_calibration_set(dataset.train, dataset.name, images=calibration_images, seed=seed),
        folder,
        float_io,
    )
    if auto:
        export_one(job, wanted)
    else:
        results = export_all(job, wanted, keep_failed=keep_failed, layer_errors=layer_errors)
        conclude(results, folder, skip_failed=skip_failed)


def _for_prior(parent: KerasClassifier, prior: str | None) -> KerasClassifier:
    if prior is None:
        return parent
    with option_named(f"--prior {prior}"):
        return fold_prior(parent, prior)


def _precisions(named: tuple[str, ...], formats: list[Format], everything: bool) -> list[Precision]:
    if everything:
        return [each for each in EXPORTABLE if Format.TFLITE in formats or each in ONNX_PRECISIONS]
    return [each for each in EXPORTABLE if each.value in named] or [Precision.INT8]


def _check(wanted: list[Target], *, float_io: bool, layer_errors: bool) -> None:
    """Raise for an option that would be ignored."""
    for option, given in (("--layer-errors", layer_errors), ("--float-io", float_io)):
        if given and INT8_TFLITE not in wanted:
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
    return roles("--output", *files, *failed, layers_path(folder, name), folder / CALIBRATION_NAME)
