from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from export import exporter as exporter_module
from export.calibration import choose_calibration_set
from export.exporter import Exported, Exporter
from export.parity import Tolerance
from export.target import Format, Target, targets
from fer_edge.board import instruction_set
from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.errors import ToleranceError
from fer_edge.evaluation.metrics import evaluate_scores
from fer_edge.files import sha256_file
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier
from fer_edge.precision import EXPORTABLE, Precision
from fer_edge.training.networks.keras_file import KerasClassifier

FP32 = Target(Format.TFLITE, Precision.FP32)
TARGETS = targets(list(EXPORTABLE), list(Format))


def make_exporter(parent: KerasClassifier, faces: Dataset, output: Path, *, keep_failed: bool = False) -> Exporter:
    calibration = choose_calibration_set(faces.train, faces.name, images=35)
    return Exporter(parent, faces.validation, calibration, output, keep_failed=keep_failed)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.file_name("tiny"))
def test_exported_file_passes_verification(exports: dict[Target, Exported], target: Target) -> None:
    assert exports[target].faults == ()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.file_name("tiny"))
def test_parity_in_the_card_is_reproduced(
    exports: dict[Target, Exported], tiny_classifier: KerasClassifier, faces: Dataset, target: Target
) -> None:
    exported = exports[target]
    assert exported.path is not None
    card = read_card(exported.path)
    scores = Classifier.load(exported.path).classify_all(faces.validation.images)
    evaluation = evaluate_scores(scores, faces.validation.labels)
    assert card.evaluation["accuracy"] == pytest.approx(evaluation.accuracy)
    assert card.parity["agreement"] == pytest.approx(exported.parity.agreement)
    assert (card.parity["passed"], card.parity["faults"], card.parity["samples"]) == (True, [], 112)
    assert card.parity["instruction_sets"] == [instruction_set()]
    assert card.precision == target.precision.value
    assert card.parent_sha256 == sha256_file(tiny_classifier.path)
    assert (card.calibration_sha256 is not None) is target.precision.needs_calibration
    assert exported.bytes == exported.path.stat().st_size


def test_card_holds_peoples_answer_of_the_exported_file(
    tiny_classifier: KerasClassifier, faces: Dataset, tmp_path: Path
) -> None:
    counts = np.zeros((len(faces.validation), len(CHOICES)), np.uint16)
    counts[np.arange(len(counts)), faces.validation.labels] = 10
    voted = replace(faces.validation, votes=Votes(counts))
    splits = {**faces.splits, SplitName.VALIDATION: voted}
    exported = make_exporter(tiny_classifier, replace(faces, splits=splits), tmp_path).export(FP32)
    assert exported.path is not None
    evaluation = read_card(exported.path).evaluation
    assert evaluation["people"]["accuracy"] == evaluation["accuracy"]
    assert evaluation["people"]["kl_divergence"] > 0
    assert evaluation["one_person"]["accuracy"] == 1


def test_quantization_in_the_card_is_the_files(exports: dict[Target, Exported]) -> None:
    path = exports[Target(Format.TFLITE, Precision.INT8)].path
    assert path is not None
    quantization = read_card(path).quantization
    assert (quantization["input"].scale, quantization["input"].zero_point) == (1.0, -128)
    assert quantization["output"].dtype == "int8"


def test_second_export_gives_the_same_bytes(
    exports: dict[Target, Exported], tiny_classifier: KerasClassifier, faces: Dataset, tmp_path: Path
) -> None:
    again = make_exporter(tiny_classifier, faces, tmp_path).export(FP32).path
    first = exports[FP32].path
    assert again is not None
    assert first is not None
    assert again.read_bytes() == first.read_bytes()


def test_parent_that_predicts_one_class_is_rejected(
    tiny_classifier: KerasClassifier, faces: Dataset, tmp_path: Path
) -> None:
    model = keras.models.clone_model(tiny_classifier.model)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, bias + np.eye(7)[3] * 1e4])
    parent = KerasClassifier(model, tiny_classifier.card, tiny_classifier.path)
    with pytest.raises(ToleranceError, match=r"calls all 112 validation images happy"):
        make_exporter(parent, faces, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("keep_failed", [False, True])
def test_file_outside_its_tolerance_is_removed_or_kept_as_failed(
    tiny_classifier: KerasClassifier,
    faces: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    keep_failed: bool,
) -> None:
    impossible = Tolerance(agreement=0, kl_divergence=-1, accuracy_drop=1, recall_drop=1)
    monkeypatch.setattr(exporter_module, "tolerance_for", lambda _: impossible)
    (tmp_path / "tiny_fp32.tflite").write_bytes(b"an earlier model's")
    exported = make_exporter(tiny_classifier, faces, tmp_path, keep_failed=keep_failed).export(FP32)
    assert [fault.split(",")[1] for fault in exported.faults] == [" above -1"]
    assert [path.name for path in tmp_path.iterdir()] == (["tiny_fp32.failed.tflite"] if keep_failed else [])
    assert (exported.path is None) is not keep_failed
    if exported.path is not None:
        assert read_card(exported.path).parity["passed"] is False
