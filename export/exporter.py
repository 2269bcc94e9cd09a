"""Export of one model: convert it to each file, verify each, and leave behind only those that pass."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.calibration import CalibrationSet
from export.conversion import Conversion
from export.onnx import add_onnx_card
from export.onnx_graph import onnx_precision
from export.parity import Parity, compare, predicts_one_class, tolerance_for, violations
from export.target import Format, Target
from fer_edge.benchmark.scoring import score_faces
from fer_edge.board import instruction_set
from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import append_card
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import facts_without_copies, people_facts
from fer_edge.errors import ToleranceError
from fer_edge.evaluation.metrics import Evaluation, evaluate_scores
from fer_edge.files import sha256_file, write_atomic
from fer_edge.inference.classifier import Classifier, ScoresFaces
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.precision import Precision
from fer_edge.progress import OnStage, ignore_stage
from fer_edge.scores import FloatArray
from fer_edge.temporary import temporary_folder
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.versions import tool_versions


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
        on_stage: OnStage = ignore_stage,
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
            on_stage: Called with what is run, the parent or a file, and the share of the images that are done.

        Raises:
            ToleranceError: If the parent predicts one class for every image: agreement with it would mean nothing.
        """
        self._parent = parent
        self._validation = validation
        self._copied = copied
        self._calibration = calibration
        self._conversion = Conversion(parent, calibration, float_io=float_io)
        self._output = output
        self._keep_failed = keep_failed
        self._on_stage = on_stage
        self._parent_sha256 = _digest(parent.path)
        self._parent_scores = self._score(parent, "the Keras model")
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
        self._on_stage(self.name_of(target), 0.0)
        with temporary_folder() as folder:
            return self.place(self.verify(self.convert(target, folder)))

    def convert(self, target: Target, folder: Path) -> Converted:
        """Write one file without a card to `folder`, and open it as a device does.

        Raises:
            FerEdgeError: If the model cannot be converted, or the file cannot be run.
        """
        path = folder / self.name_of(target)
        path.write_bytes(self._conversion.convert(target))
        is_tflite = target.format is Format.TFLITE
        precision = inspect_tflite(path).precision if is_tflite else onnx_precision(path.read_bytes())
        interpreter = open_interpreter(path)
        classifier = Classifier(interpreter, self._parent.card, path)
        return Converted(target, precision, classifier, interpreter.quantization)

    def verify(self, converted: Converted) -> Exported:
        """Run a converted file on all images, and return it with its card; it is not put in place."""
        target, classifier = converted.target, converted.classifier
        scores = self._score(classifier, self.name_of(target))
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

    def _score(self, classifier: ScoresFaces, stage: str) -> FloatArray:
        faces = self._validation
        return score_faces(classifier, faces.images, partial(self._on_stage, stage), faces.classes)


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the digests of a SavedModel's files."""
    if not path.is_dir():
        return sha256_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return hashlib.sha256("".join(map(sha256_file, files)).encode()).hexdigest()


def _with_card(target: Target, content: bytes, card: ModelCard) -> bytes:
    return append_card(content, card) if target.format is Format.TFLITE else add_onnx_card(content, card)
