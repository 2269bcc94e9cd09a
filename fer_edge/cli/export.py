"""`fer-edge export`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table

from export.calibration import DEFAULT_IMAGES, choose_calibration_set
from export.exporter import Exported, Exporter, Format, Target, targets
from export.layer_errors import MEASURED_IMAGES, LayerError, as_csv, measure_layer_errors
from fer_edge.cli.options import data_option, make_progress, read_data, stderr, stdout, yes_option
from fer_edge.errors import InputError, ToleranceError
from fer_edge.files import write_atomic
from fer_edge.precision import EXPORTABLE, Precision
from fer_edge.tables import make_table
from fer_edge.training.keras_file import KerasClassifier
from fer_edge.training.run_folder import RunFolder, newest_run

_INT8_TFLITE = Target(Format.TFLITE, Precision.INT8)


@click.command()
@click.argument("model", type=click.Path(path_type=Path), required=False)
@data_option
@click.option("--int8", is_flag=True, help="The same as --precision int8.")
@click.option(
    "--precision",
    "precisions",
    type=click.Choice([precision.value for precision in EXPORTABLE]),
    multiple=True,
    help="May be given again.  [default: int8]",
)
@click.option("--all", "everything", is_flag=True, help="Every precision.")
@click.option(
    "--format",
    "formats",
    type=click.Choice([one.value for one in Format]),
    multiple=True,
    help="May be given again.  [default: both; ONNX in fp32 and int8]",
)
@click.option("--output", type=click.Path(path_type=Path), help="Folder.  [default: export/ beside MODEL]")
@click.option("--float-io", is_flag=True, help="For int8 TFLite: float32 in and out instead of int8.")
@click.option("--calibration-images", type=click.IntRange(7), default=DEFAULT_IMAGES, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the choice of those images.")
@click.option(
    "--layer-errors",
    is_flag=True,
    help="Show what int8 TFLite costs each layer, the worst first; all of it in <name>_int8_layers.csv.",
)
@click.option("--keep-failed", is_flag=True, help="Keep a file that fails its proof, as <name>.failed.<format>.")
@yes_option
def command(
    model: Path | None,
    data: str | None,
    int8: bool,
    precisions: tuple[str, ...],
    everything: bool,
    formats: tuple[str, ...],
    output: Path | None,
    float_io: bool,
    calibration_images: int,
    seed: int,
    layer_errors: bool,
    keep_failed: bool,
    yes: bool,
) -> None:
    """Convert MODEL.keras (the newest run's by default) to TFLite and ONNX, and prove each file.

    Every file is run with the device's interpreter on the whole validation split and compared with MODEL. One that
    strays too far is not left behind, and the exit code is 1. Without --data, the faces are those that MODEL's run was
    trained on.

    \b
    fer-edge export --int8 --data face-expression-recognition-dataset.zip
    fer-edge export runs/documented/model.keras --all
    fer-edge export --precision fp16 --precision int8 --format tflite
    """
    wanted = targets(_precisions(int8, precisions, everything), [Format(one) for one in formats] or list(Format))
    if layer_errors and _INT8_TFLITE not in wanted:
        raise InputError("--layer-errors looks into the int8 TFLite file: add --int8 --format tflite")
    parent = KerasClassifier.load(model or newest_run().model)
    dataset = read_data(data or RunFolder(parent.path.parent).data(), yes=yes)
    calibration = choose_calibration_set(dataset.train, dataset.name, images=calibration_images, seed=seed)
    folder = output or parent.path.parent / "export"
    images = len(dataset.validation)
    with make_progress() as progress:
        task = progress.add_task("the Keras model", total=images)
        exporter = Exporter(
            parent,
            dataset.validation,
            calibration,
            folder,
            float_io=float_io,
            keep_failed=keep_failed,
            on_progress=lambda done: progress.update(task, completed=done),
        )
        if any(target.precision.needs_calibration for target in wanted):
            write_atomic(folder / "calibration.json", calibration.manifest())
        results = []
        for target in wanted:
            progress.reset(task, description=target.file_name(parent.card.name), total=images)
            results.append(exporter.export(target))
        errors: list[LayerError] = []
        if layer_errors:
            progress.reset(task, description="layer by layer", total=min(images, MEASURED_IMAGES))
            errors = measure_layer_errors(
                parent.model, calibration, dataset.validation, lambda done: progress.update(task, completed=done)
            )
    stdout.print(_table(results, f"{parent.path} against its files, on {images} validation images"))
    if errors:
        path = folder / _INT8_TFLITE.file_name(parent.card.name).replace(".tflite", "_layers.csv")
        write_atomic(path, as_csv(errors))
        stdout.print(_layer_table(errors))
        stdout.print(f"written: {path}")
    _conclude(results, folder)


def _precisions(int8: bool, named: tuple[str, ...], everything: bool) -> list[Precision]:
    if everything:
        return list(EXPORTABLE)
    chosen = {Precision(name) for name in named} | ({Precision.INT8} if int8 else set())
    return [precision for precision in EXPORTABLE if precision in chosen] or [Precision.INT8]


def _table(results: list[Exported], title: str) -> Table:
    table = make_table(
        title, ["file"], ["bytes", "accuracy", "loss, points", "agreement", "KL, nats", "worst recall loss", "proof"]
    )
    for result in results:
        parity = result.parity
        table.add_row(
            result.path.name if result.path else f"{result.target.precision.value} {result.target.format.value}",
            f"{result.bytes:,}",
            f"{result.evaluation.accuracy:.2%}",
            f"{100 * parity.accuracy_drop:+.2f}",
            f"{parity.agreement:.2%}",
            f"{parity.kl_divergence:.5f}",
            f"{100 * parity.worst_recall_drop:+.1f} {parity.worst_recall_class}",
            "[red]failed[/]" if result.faults else "[green]passed[/]",
        )
    return table


def _layer_table(errors: list[LayerError]) -> Table:
    table = make_table(
        "what int8 costs each layer, apart from the others: the worst first",
        ["#", "layer", "operator"],
        ["scale", "error", "SNR, dB", "clipped"],
    )
    for error in errors:
        table.add_row(
            str(error.position),
            error.layer,
            error.kind,
            f"{error.scale:.3g}",
            f"{error.relative_error:.1%}",
            f"{error.snr_db:.1f}",
            f"{error.clipped:.3%}",
        )
    return table


def _conclude(results: list[Exported], folder: Path) -> None:
    written = [result.path.name for result in results if result.path]
    if written:
        stdout.print(f"written to {folder}: {', '.join(written)}")
    failed = [result for result in results if result.faults]
    for result in failed:
        stderr.print(f"{result.target.format.value} {result.target.precision.value}: {'; '.join(result.faults)}")
    if failed:
        raise ToleranceError(
            f"{len(failed)} of {len(results)} files failed the proof and {_fate(failed)}; "
            "more or other calibration images (--calibration-images, --seed) or another precision may pass"
        )


def _fate(failed: list[Exported]) -> str:
    kept = [str(result.path) for result in failed if result.path]
    return f"are kept as {', '.join(kept)}" if kept else "were not written"
