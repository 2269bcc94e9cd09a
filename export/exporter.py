"""Export of one model: convert it to each file, verify each, and leave behind only those that pass."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from export.blocking_layer import find_blocking_layer
from export.calibration import CalibrationSet
from export.clipping import clip_activations
from export.folding import fold
from export.onnx import ONNX_PRECISIONS, add_onnx_card, convert_to_onnx
from export.onnx_graph import onnx_precision
from export.parity import Parity, compare, predicts_one_class, tolerance_for, violations
from export.preparation import prepare_for_integers
from export.rounding import INT7_LARGEST, INT8_LARGEST
from export.tflite import convert_to_tflite
from fer_edge.board import instruction_set
from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import append_card
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import facts_without_copies, people_facts
from fer_edge.errors import FerEdgeError, InputError, ToleranceError
from fer_edge.evaluation.metrics import Evaluation, evaluate_scores
from fer_edge.files import sha256_file, write_atomic
from fer_edge.inference.classifier import Classifier, ScoresFaces, expression_scores
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.precision import Precision
from fer_edge.scores import FloatArray
from fer_edge.temporary import temporary_folder
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.versions import tool_versions


class Format(str, Enum):
    """Kind of an exported file."""

    TFLITE = "tflite"
    ONNX = "onnx"


@dataclass(frozen=True)
class Target:
    """Format and precision of a file to export."""

    format: Format
    precision: Precision

    def file_name(self, name: str) -> str:
        """Return `<name>_<precision>.<format>`."""
        return f"{name}_{self.precision.value}.{self.format.value}"


@dataclass(frozen=True)
class Converted:
    """A file without a card, open in the device's interpreter.

    Attributes:
        target: Its format and precision as requested.
        precision: Its precision as read from the tensors.
        classifier: The file with its parent's card.
        quantization: Quantization of the input and output tensors that are integers.
    """

    target: Target
    precision: Precision
    classifier: Classifier
    quantization: dict[str, TensorQuantization]


@dataclass(frozen=True)
class Exported:
    """A file that was verified.

    Attributes:
        target: Its format and precision.
        content: Its bytes, with the card.
        path: Its place; `None` if it has not been put in place, or failed and was not kept.
        runtime: Interpreter that it was verified with.
        parity: Its deviation from the parent.
        evaluation: Its results on the validation split.
        faults: Reasons why it failed; empty if it passed.
    """

    target: Target
    content: bytes = field(repr=False)
    path: Path | None
    runtime: str
    parity: Parity
    evaluation: Evaluation
    faults: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Size of the file."""
        return len(self.content)


def targets(precisions: list[Precision], formats: list[Format]) -> list[Target]:
    """Return every combination that can be exported.

    Raises:
        InputError: If a precision exists in none of the formats.
    """
    wanted = []
    for precision in precisions:
        possible = [f for f in formats if f is Format.TFLITE or precision in ONNX_PRECISIONS]
        if not possible:
            names = ", ".join(p.value for p in ONNX_PRECISIONS)
            raise InputError(f"ONNX is written in {names}; {precision.value} needs the format tflite")
        wanted += [Target(one, precision) for one in possible]
    return wanted


class Exporter:
    """Exports one model, and verifies every file on the same images.

    Attributes:
        parent_evaluation: The model's own results on these images.
    """

    def __init__(
        self,
        parent: KerasClassifier,
        validation: Split,
        calibration: CalibrationSet,
        output: Path,
        *,
        copied: npt.NDArray[np.bool_] | None = None,
        float_io: bool = False,
        keep_failed: bool = False,
        on_progress: Callable[[int], None] | None = None,
    ) -> None:
        """Score the validation split with the parent.

        Args:
            parent: The model to export.
            validation: Images that files are verified on.
            calibration: Images that activation ranges are measured on.
            output: Folder for the files.
            copied: bool (N,), true where a validation image has an exact copy among the training images.
            float_io: Keep float32 at the edges of an int8 TFLite file.
            keep_failed: Keep a file that fails verification, as `<name>.failed.<format>`.
            on_progress: Called with the number of validation images that a file has been run on.

        Raises:
            ToleranceError: If the parent predicts one class for every image: agreement with it would mean nothing.
        """
        self._parent = parent
        self._validation = validation
        self._copied = copied
        self._calibration = calibration
        self._output = output
        self._float_io = float_io
        self._keep_failed = keep_failed
        self._on_progress = on_progress
        self._parent_sha256 = _digest(parent.path)
        self._parent_scores = self._score(parent)
        self.parent_evaluation = evaluate_scores(self._parent_scores, validation.labels, validation.classes)
        only = predicts_one_class(self._parent_scores, validation.classes)
        if only is not None:
            raise ToleranceError(
                f"{parent.path} calls all {len(validation)} validation images {only}, so agreement with it would mean "
                "nothing; train it longer: fer-edge train"
            )

    def name_of(self, target: Target) -> str:
        """Return the file's name."""
        return target.file_name(self._parent.card.name)

    def export(self, target: Target) -> Exported:
        """Convert the model to one file, verify it, and put it in place if it passes.

        Raises:
            FerEdgeError: If the model cannot be converted, or the file cannot be run.
        """
        with temporary_folder() as folder:
            return self.place(self.verify(self.convert(target, folder)))

    def convert(self, target: Target, folder: Path) -> Converted:
        """Write one file without a card to `folder`, and open it as a device does.

        Raises:
            FerEdgeError: If the model cannot be converted, or the file cannot be run.
        """
        path = folder / self.name_of(target)
        path.write_bytes(self._convert_or_explain(target))
        is_tflite = target.format is Format.TFLITE
        precision = inspect_tflite(path).precision if is_tflite else onnx_precision(path.read_bytes())
        interpreter = open_interpreter(path)
        classifier = Classifier(interpreter, self._parent.card, path)
        return Converted(target, precision, classifier, interpreter.quantization)

    def verify(self, converted: Converted) -> Exported:
        """Run a converted file on all images, and return it with its card; it is not put in place."""
        target, classifier = converted.target, converted.classifier
        scores = self._score(classifier)
        faces = self._validation
        parity, evaluation = compare(scores, self._parent_scores, faces.labels, faces.classes)
        faults = violations(parity, tolerance_for(target.precision))
        if converted.precision is not target.precision:
            faults.append(f"its tensors are {converted.precision.value}, not {target.precision.value}")
        card = self._card(
            converted,
            parity={**parity.as_dict(), "passed": not faults, "faults": faults},
            evaluation={**evaluation.as_dict(), **self._people_facts(scores)},
        )
        content = _with_card(target, classifier.path.read_bytes(), card)
        return Exported(target, content, None, classifier.runtime, parity, evaluation, tuple(faults))

    def place(self, exported: Exported) -> Exported:
        """Write a verified file to the output folder, if it passed or is to be kept all the same."""
        path = self._output / self.name_of(exported.target)
        if exported.faults:
            # An earlier model's file of this name would pass for this one's.
            path.unlink(missing_ok=True)
            if not self._keep_failed:
                return exported
            path = path.with_suffix(f".failed{path.suffix}")
        write_atomic(path, exported.content)
        return replace(exported, path=path)

    def _card(self, converted: Converted, *, parity: dict[str, Any], evaluation: dict[str, Any]) -> ModelCard:
        """Return the file's card: its parent's, with all that its own conversion and verification found."""
        runtime = converted.classifier.runtime
        calibrated = converted.target.precision.needs_calibration
        return replace(
            self._parent.card,
            precision=converted.precision.value,
            quantization=converted.quantization,
            evaluation={"split": "validation", "runtime": runtime, **evaluation},
            parity={**parity, "runtime": runtime, "instruction_sets": [instruction_set()]},
            parent_sha256=self._parent_sha256,
            calibration_sha256=self._calibration.sha256() if calibrated else None,
            tools=tool_versions(),
        )

    def _people_facts(self, scores: FloatArray) -> dict[str, Any]:
        people = people_facts(scores, self._validation, self._parent.card)
        copies = {} if self._copied is None else facts_without_copies(scores, self._validation, self._copied)
        return {**people, **copies}

    def _score(self, classifier: ScoresFaces) -> FloatArray:
        return expression_scores(classifier, self._validation.images, self._on_progress, self._validation.classes)

    @cached_property
    def _folded(self) -> keras.Model:
        return fold(self._parent.model)

    @cached_property
    def _prepared_for_tflite(self) -> keras.Model:
        return prepare_for_integers(self._parent.model, self._calibration.inputs(), INT8_LARGEST)

    @cached_property
    def _prepared_for_onnx(self) -> keras.Model:
        return prepare_for_integers(self._parent.model, self._calibration.inputs(), INT7_LARGEST)

    def _ready(self, target: Target) -> keras.Model:
        """Return the network that this file is converted from; a SavedModel's graph stays as it is."""
        if any(isinstance(layer, keras.layers.TFSMLayer) for layer in self._parent.model.layers):
            return self._parent.model
        if not target.precision.needs_calibration:
            return self._folded
        if target.format is Format.ONNX:
            return self._prepared_for_onnx
        if target.precision is Precision.INT8:
            return clip_activations(self._prepared_for_tflite, self._calibration.inputs())
        return self._prepared_for_tflite

    def _convert_or_explain(self, target: Target) -> bytes:
        """Convert the network; for one that is none of this project's, an error names the layer that stops it."""
        try:
            return self._convert(target)
        except FerEdgeError as error:
            if self._parent.known:
                raise
            layer = find_blocking_layer(self._parent.model, lambda part: self._convert_part(part, target))
            if layer is None:
                raise
            raise FerEdgeError(f"{self._parent.path}: its layer {layer} stops the conversion: {error}") from error

    def _convert_part(self, part: keras.Model, target: Target) -> bytes:
        """Convert a part of the network, from its input on."""
        if target.format is Format.ONNX:
            return convert_to_onnx(part, Precision.FP32)
        precision, calibration = target.precision, self._calibration
        return convert_to_tflite(part, precision, calibration=calibration if precision.needs_calibration else None)

    def _convert(self, target: Target) -> bytes:
        model, precision = self._ready(target), target.precision
        calibration = self._calibration if precision.needs_calibration else None
        if target.format is Format.ONNX:
            return convert_to_onnx(model, precision, calibration=calibration)
        return convert_to_tflite(model, precision, calibration=calibration, float_io=self._float_io)


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the digests of a SavedModel's files."""
    if not path.is_dir():
        return sha256_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return hashlib.sha256("".join(map(sha256_file, files)).encode()).hexdigest()


def _with_card(target: Target, content: bytes, card: ModelCard) -> bytes:
    return append_card(content, card) if target.format is Format.TFLITE else add_onnx_card(content, card)
