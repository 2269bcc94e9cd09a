"""One model to many files: convert each, prove each, and leave behind only those that pass."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

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
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import facts_without_copies, people_facts
from fer_edge.errors import InputError, ToleranceError
from fer_edge.files import sha256_file, write_atomic
from fer_edge.inference.classifier import Classifier, ScoresFaces
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.metrics import Evaluation, evaluate_scores
from fer_edge.model_card import ModelCard, append_card
from fer_edge.precision import Precision
from fer_edge.scores import FloatArray, in_expression_order
from fer_edge.training.networks.keras_file import KerasClassifier
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
        content: The file, its card inside.
        path: Where it is; `None` if it has not been put in place, or failed and was not kept.
        runtime: What it was run with.
        parity: How far it strays from its parent.
        evaluation: Its results on the validation split.
        faults: Why it failed; empty if it passed.
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
        """Its size."""
        return len(self.content)


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
    """Exports one model, measuring every file on the same images.

    Attributes:
        parent_evaluation: The model's own results on them.
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
            validation: The images of the proof.
            calibration: The images that activation ranges are measured on.
            output: Folder for the files.
            copied: bool (N,), whether each image of the proof has an exact copy among the training images.
            float_io: For int8 TFLite, keep float32 at the edges.
            keep_failed: Keep a file that fails its proof, as `<name>.failed.<format>`.
            on_progress: Told how many validation images a file has been run on.

        Raises:
            ToleranceError: If the parent calls every image the same: then agreement with it proves nothing.
        """
        self._parent = parent
        self._validation = validation
        self._copied = copied
        self._calibration = calibration
        self._output = output
        self._float_io = float_io
        self._keep_failed = keep_failed
        self._on_progress = on_progress
        self._parent_sha256 = sha256_file(parent.path)
        self._parent_scores = self._score(parent)
        self.parent_evaluation = evaluate_scores(self._parent_scores, validation.labels)
        only = predicts_one_class(self._parent_scores)
        if only is not None:
            raise ToleranceError(
                f"{parent.path} calls all {len(validation)} validation images {only}, so a file's agreement with it "
                "would prove nothing; train it longer: fer-edge train"
            )

    def name_of(self, target: Target) -> str:
        """The file's name."""
        return target.file_name(self._parent.card.name)

    def export(self, target: Target) -> Exported:
        """Make one file, prove it, and put it in place if it passes.

        Raises:
            FerEdgeError: If the model cannot be converted, or the file cannot be run.
        """
        with tempfile.TemporaryDirectory() as folder:
            return self.place(self.prove(target, self.convert(target, Path(folder))))

    def convert(self, target: Target, folder: Path) -> Classifier:
        """Make one file in `folder`, yet without a card inside, and open it as a device does.

        Raises:
            FerEdgeError: If the model cannot be converted, or the file cannot be run.
        """
        path = folder / self.name_of(target)
        card = self._convert(target, path)
        interpreter = open_interpreter(path)
        return Classifier(interpreter, replace(card, quantization=interpreter.quantization), path)

    def prove(self, target: Target, classifier: Classifier) -> Exported:
        """Run what `convert` made on all images, and write the results into its card; it is not put in place."""
        scores = self._score(classifier)
        parity, evaluation = compare(scores, self._parent_scores, self._validation.labels)
        faults = violations(parity, tolerance_for(target.precision))
        if classifier.card.precision != target.precision.value:
            faults.append(f"its tensors are {classifier.card.precision}, not {target.precision.value}")
        runtime = classifier.runtime
        people = people_facts(scores, self._validation, classifier.card)
        if self._copied is not None:
            people |= facts_without_copies(scores, self._validation, self._copied)
        card = replace(
            classifier.card,
            parity={
                **parity.as_dict(),
                "passed": not faults,
                "faults": faults,
                "runtime": runtime,
                "instruction_sets": [instruction_set()],
            },
            evaluation={"split": "validation", "runtime": runtime, **evaluation.as_dict(), **people},
        )
        content = self._with_card(target, classifier.path.read_bytes(), card)
        return Exported(target, content, None, runtime, parity, evaluation, tuple(faults))

    def place(self, exported: Exported) -> Exported:
        """Write a proven file into the output folder, if it passed or shall be kept all the same."""
        path = self._output / self.name_of(exported.target)
        if exported.faults:
            # Another model's file of this name would be taken for this one's.
            path.unlink(missing_ok=True)
            if not self._keep_failed:
                return exported
            path = path.with_suffix(f".failed{path.suffix}")
        write_atomic(path, exported.content)
        return replace(exported, path=path)

    def _score(self, classifier: ScoresFaces) -> FloatArray:
        """Scores (N, 7) of the validation split in the order of its labels."""
        return in_expression_order(
            classifier.classify_all(self._validation.images, self._on_progress), classifier.card.labels
        )

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
        """Return the network that this file is converted from."""
        if not target.precision.needs_calibration:
            return self._folded
        if target.format is Format.ONNX:
            return self._prepared_for_onnx
        if target.precision is Precision.INT8:
            return clip_activations(self._prepared_for_tflite, self._calibration.inputs())
        return self._prepared_for_tflite

    def _convert(self, target: Target, scratch: Path) -> ModelCard:
        """Write the bare model to `scratch` and return its card, so far as the file itself tells."""
        precision, model = target.precision, self._ready(target)
        calibration = self._calibration if precision.needs_calibration else None
        if target.format is Format.TFLITE:
            content = convert_to_tflite(model, precision, calibration=calibration, float_io=self._float_io)
            scratch.write_bytes(content)
            found = inspect_tflite(scratch).precision
        else:
            content = convert_to_onnx(model, precision, calibration=calibration)
            scratch.write_bytes(content)
            found = onnx_precision(content)
        return replace(
            self._parent.card,
            precision=found.value,
            parent_sha256=self._parent_sha256,
            calibration_sha256=calibration.sha256() if calibration else None,
            tools=tool_versions(),
        )

    def _with_card(self, target: Target, content: bytes, card: ModelCard) -> bytes:
        return append_card(content, card) if target.format is Format.TFLITE else add_onnx_card(content, card)
