"""One model to many files: convert each, prove each, and leave behind only those that pass."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from export.calibration import CalibrationSet
from export.onnx import ONNX_PRECISIONS, add_onnx_card, convert_to_onnx
from export.onnx_graph import onnx_precision
from export.parity import Parity, compare, predicts_one_class, tolerance_for, violations
from export.tflite import convert_to_tflite
from fer_edge.errors import InputError, ToleranceError
from fer_edge.files import sha256_file, write_atomic
from fer_edge.metrics import Evaluation
from fer_edge.model_card import ModelCard, append_card
from fer_edge.precision import Precision
from fer_edge.runtime.classifier import Classifier
from fer_edge.runtime.inspection import inspect_tflite
from fer_edge.runtime.interpreter import open_interpreter
from fer_edge.training.data import Split
from fer_edge.training.keras_file import KerasClassifier
from fer_edge.versions import tool_versions


class Format(str, Enum):
    """The kinds of file that are written."""

    TFLITE = "tflite"
    ONNX = "onnx"


@dataclass(frozen=True)
class Target:
    """One file to make."""

    format: Format
    precision: Precision

    def file_name(self, name: str) -> str:
        """`<name>_<precision>.<format>`."""
        return f"{name}_{self.precision.value}.{self.format.value}"


@dataclass(frozen=True)
class Exported:
    """One file that was made and measured.

    Attributes:
        target: What it is.
        path: Where it is, or `None` if it failed and was not kept.
        bytes: Its size.
        runtime: What it was run with.
        parity: How far it strays from its parent.
        evaluation: Its results on the validation split.
        faults: Why it failed; empty if it passed.
    """

    target: Target
    path: Path | None
    bytes: int
    runtime: str
    parity: Parity
    evaluation: Evaluation
    faults: tuple[str, ...]


def targets(precisions: list[Precision], formats: list[Format]) -> list[Target]:
    """Every combination that exists.

    Raises:
        InputError: If a precision exists in none of the formats asked for.
    """
    wanted = []
    for precision in precisions:
        possible = [f for f in formats if f is Format.TFLITE or precision in ONNX_PRECISIONS]
        if not possible:
            names = ", ".join(p.value for p in ONNX_PRECISIONS)
            raise InputError(f"ONNX is written in {names}; {precision.value} needs --format tflite")
        wanted += [Target(one, precision) for one in possible]
    return wanted


class Exporter:
    """Exports one model, measuring every file on the same images."""

    def __init__(
        self,
        parent: KerasClassifier,
        validation: Split,
        calibration: CalibrationSet,
        output: Path,
        *,
        float_io: bool = False,
        keep_failed: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        """Score the validation split with the parent.

        Args:
            parent: The model to export.
            validation: The images of the proof.
            calibration: The images that activation ranges are measured on.
            output: Folder for the files.
            float_io: For int8 TFLite, keep float32 at the edges.
            keep_failed: Keep a file that fails its proof, as `<name>.failed.<format>`.
            on_progress: Told how many validation images a file has been run on.

        Raises:
            ToleranceError: If the parent calls every image the same: then agreement with it proves nothing.
        """
        self._parent = parent
        self._validation = validation
        self._calibration = calibration
        self._output = output
        self._float_io = float_io
        self._keep_failed = keep_failed
        self._on_progress = on_progress
        self._parent_sha256 = sha256_file(parent.path)
        self._parent_scores = parent.classify_all(validation.images, on_progress)
        only = predicts_one_class(self._parent_scores)
        if only is not None:
            raise ToleranceError(
                f"{parent.path} calls all {len(validation)} validation images {only}, so a file's agreement with it "
                "would prove nothing; train it longer: fer-edge train"
            )

    def export(self, target: Target) -> Exported:
        """Make one file, prove it, and put it in place if it passes.

        Raises:
            FerEdgeError: If the model cannot be converted.
        """
        name = target.file_name(self._parent.card.name)
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder) / name
            card = self._convert(target, scratch)
            interpreter = open_interpreter(scratch)
            card = replace(card, quantization=interpreter.quantization)
            classifier = Classifier(interpreter, card, scratch)
            runtime = classifier.runtime
            scores = classifier.classify_all(self._validation.images, self._on_progress)
            parity, evaluation = compare(scores, self._parent_scores, self._validation.labels)
            faults = violations(parity, tolerance_for(target.precision))
            if card.precision != target.precision.value:
                faults.append(f"its tensors are {card.precision}, not {target.precision.value}")
            card = replace(
                card,
                parity={**parity.as_dict(), "passed": not faults, "faults": faults, "runtime": runtime},
                evaluation={"split": "validation", "runtime": runtime, **evaluation.as_dict()},
            )
            content = self._with_card(target, scratch.read_bytes(), card)
        path = self._place(name, content, bool(faults))
        return Exported(target, path, len(content), runtime, parity, evaluation, tuple(faults))

    def _convert(self, target: Target, scratch: Path) -> ModelCard:
        """Write the bare model to `scratch` and return its card, so far as the file itself tells."""
        calibration = self._calibration if target.precision.needs_calibration else None
        if target.format is Format.TFLITE:
            scratch.write_bytes(
                convert_to_tflite(
                    self._parent.model, target.precision, calibration=calibration, float_io=self._float_io
                )
            )
            precision = inspect_tflite(scratch).precision
        else:
            scratch.write_bytes(convert_to_onnx(self._parent.model, target.precision, calibration=calibration))
            precision = onnx_precision(scratch.read_bytes())
        return replace(
            self._parent.card,
            precision=precision.value,
            parent_sha256=self._parent_sha256,
            calibration_sha256=calibration.sha256() if calibration else None,
            tools=tool_versions(),
        )

    def _with_card(self, target: Target, content: bytes, card: ModelCard) -> bytes:
        return append_card(content, card) if target.format is Format.TFLITE else add_onnx_card(content, card)

    def _place(self, name: str, content: bytes, failed: bool) -> Path | None:
        if failed:
            # Another model's file of this name would be taken for this one's.
            (self._output / name).unlink(missing_ok=True)
            if not self._keep_failed:
                return None
        path = self._output / (_failed_name(name) if failed else name)
        write_atomic(path, content)
        return path


def _failed_name(name: str) -> str:
    stem, suffix = name.rsplit(".", 1)
    return f"{stem}.failed.{suffix}"
