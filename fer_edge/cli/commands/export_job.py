"""The work of `fer-edge export`: files are exported with their progress shown, and the results printed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from export.auto import FAR, export_fastest
from export.calibration import CalibrationSet
from export.exporter import Exported, Exporter
from export.layer_errors import LayerError, as_csv, measure_layer_errors
from export.target import Format, Target
from fer_edge.benchmark.machine import machine_facts
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cli.commands.export_tables import layer_table, trial_table, verification_table
from fer_edge.cli.messages import print_warning
from fer_edge.cli.model_options import warn_of_better_order
from fer_edge.dataset.data import Split
from fer_edge.errors import ToleranceError
from fer_edge.files import write_atomic
from fer_edge.precision import Precision
from fer_edge.progress import OnStage
from fer_edge.terminal.consoles import stages_display, stderr, stdout
from fer_edge.training.networks.keras_file import KerasClassifier

INT8_TFLITE = Target(Format.TFLITE, Precision.INT8)
CALIBRATION_NAME = "calibration.json"
_ADVICE = "try more or other calibration images (--calibration-images, --seed), or another precision"


@dataclass(frozen=True)
class ExportJob:
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
        """Title of the table of results."""
        return f"{self.parent.path} against its files, on {len(self.faces)} validation images"

    def make_exporter(self, on_stage: OnStage, *, keep_failed: bool = False) -> Exporter:
        """Return the exporter, once the model's own scores are known."""
        exporter = Exporter(
            self.parent,
            self.faces,
            self.calibration,
            self.folder,
            copied=self.copied,
            float_io=self.float_io,
            keep_failed=keep_failed,
            on_stage=on_stage,
        )
        confusion = exporter.parent_evaluation.confusion
        warn_of_better_order(self.parent.path.name, confusion, self.parent.card.labels, self.stated, self.faces.classes)
        return exporter

    def write_calibration(self) -> None:
        """Write the names of the calibration images."""
        write_atomic(self.folder / CALIBRATION_NAME, self.calibration.manifest())


def export_one(job: ExportJob, wanted: list[Target]) -> None:
    """Export the fastest file that passes verification, and show how all did.

    Raises:
        ToleranceError: If none passes.
    """
    with stages_display() as on_stage:
        trial = export_fastest(job.make_exporter(on_stage), wanted, job.faces, on_stage)
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


def export_all(job: ExportJob, wanted: list[Target], *, keep_failed: bool, layer_errors: bool) -> list[Exported]:
    """Export and verify each file, show the results, and return them."""
    errors: list[LayerError] = []
    with stages_display() as on_stage:
        exporter = job.make_exporter(on_stage, keep_failed=keep_failed)
        if any(target.precision.needs_calibration for target in wanted):
            job.write_calibration()
        results = [exporter.export(target) for target in wanted]
        if layer_errors:
            layer_by_layer = partial(on_stage, "layer by layer")
            errors = measure_layer_errors(job.parent.model, job.calibration, job.faces, layer_by_layer)
    path = layers_path(job.folder, job.parent.card.name)
    if errors:
        write_atomic(path, as_csv(errors))  # before any table, whose reader may leave: `| head`
    stdout().print(verification_table(results, job.title))
    if errors:
        stdout().print(layer_table(errors))
        stdout().print(f"written: {path}")
    return results


def layers_path(folder: Path, name: str) -> Path:
    """Return the table of the errors of each layer of the int8 TFLite file."""
    return folder / INT8_TFLITE.file_name(name).replace(".tflite", "_layers.csv")


def conclude(results: list[Exported], folder: Path, *, skip_failed: bool) -> None:
    """Name the files that were written, and those that failed.

    Raises:
        ToleranceError: If a file failed, or with `skip_failed` if all did.
    """
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
