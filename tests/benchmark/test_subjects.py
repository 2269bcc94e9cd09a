from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.benchmark.subjects import Role, distinct_files, load_subjects, unique_names
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cards.storage import append_card
from fer_edge.errors import InputError, ModelError
from fer_edge.inference import tflite
from fer_edge.inference.engine import Engine
from fer_edge.inference.tflite import TFLiteInterpreter
from fer_edge.labels import EXPRESSIONS
from fer_edge.scores import FloatArray

LITERT = [Engine.LITERT]
BOTH = [Engine.LITERT, Engine.TENSORFLOW]


def test_the_shipped_model(model_file: Path) -> None:
    (subject,) = load_subjects([model_file], engines=LITERT)
    assert (subject.name, subject.role, subject.precision) == (model_file.name, Role.FILE, "int8")
    assert subject.classifier.runtime.startswith("LiteRT")
    assert subject.delegation.delegate == "XNNPACK"
    assert subject.fresh_command is not None
    assert subject.fresh_command[-3:] == (str(model_file), "litert", "1")
    assert subject.reopen is not None
    face = np.zeros((48, 48), np.uint8)
    assert np.array_equal(subject.reopen(2).classify(face), subject.classifier.classify(face))


@pytest.mark.slow
def test_file_in_two_engines_is_two_subjects(model_file: Path) -> None:
    subjects = load_subjects([model_file], engines=BOTH)
    assert [each.name for each in subjects] == [f"{model_file.name} (LiteRT)", f"{model_file.name} (TensorFlow Lite)"]


@pytest.mark.slow
def test_engine_with_wrong_scores_is_left_out(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = TFLiteInterpreter.run

    def run(self: TFLiteInterpreter, image: npt.NDArray[Any]) -> FloatArray:
        scores = right(self, image)
        return scores[::-1] if self.runtime.startswith("TensorFlow") else scores

    monkeypatch.setattr(TFLiteInterpreter, "run", run)
    notes: list[str] = []
    subjects = load_subjects([model_file], engines=BOTH, on_note=notes.append)
    assert [each.name for each in subjects] == [model_file.name]
    assert len(notes) == 1
    assert "left out in TensorFlow Lite" in notes[0]
    assert "its scores differ by up to" in notes[0]


@pytest.mark.slow
def test_peer_is_loaded_beside_an_own_file(model_file: Path, made_models: Path) -> None:
    peer = PeerFile(made_models / "bare.tflite", StatedFacts(EXPRESSIONS[::-1], (0, 255)))
    subjects = load_subjects([model_file], [peer], engines=LITERT)
    assert [each.role for each in subjects] == [Role.FILE, Role.PEER]
    assert subjects[1].classifier.card.labels == EXPRESSIONS[::-1]
    assert subjects[1].precision == "int8"


def test_files_that_no_wanted_engine_runs_are_left_out(model_file: Path, exported_paths: dict[str, Path]) -> None:
    notes: list[str] = []
    onnx = exported_paths["onnx int8"]
    subjects = load_subjects([model_file, onnx], engines=LITERT, on_note=notes.append)
    assert len(subjects) == 1
    assert notes == [f"{onnx.name}: left out, as none of litert is installed and runs such files"]
    with pytest.raises(InputError, match="expected a model file"):
        load_subjects([onnx], engines=LITERT)


def test_damaged_file_raises(tmp_path: Path) -> None:
    (tmp_path / "a.tflite").write_bytes(b"text")
    with pytest.raises(ModelError, match=r"a\.tflite: expected a TFLite flatbuffer"):
        load_subjects([tmp_path / "a.tflite"], engines=LITERT)


@pytest.mark.parametrize(("name", "message"), [("a.keras", "expected a .tflite or .onnx"), ("none.tflite", "no such")])
def test_other_kinds_of_files_raise(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "a.keras").touch()
    with pytest.raises(ModelError, match=message):
        load_subjects([tmp_path / name])


def test_own_file_with_other_expressions_is_rejected(made_models: Path, tmp_path: Path) -> None:
    labels = (*EXPRESSIONS[:6], "contempt")
    path = tmp_path / "other.tflite"
    path.write_bytes(
        append_card((made_models / "bare.tflite").read_bytes(), ModelCard("other", "other", labels=labels))
    )
    with pytest.raises(InputError, match="expected scores of angry"):
        load_subjects([path], engines=LITERT, classes=EXPRESSIONS)


def test_equal_content_is_measured_once(model_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.tflite"
    shutil.copy(model_file, copy)
    assert distinct_files([model_file, copy, model_file]) == [model_file]
    notes: list[str] = []
    load_subjects([model_file, copy], engines=LITERT, on_note=notes.append)
    assert notes == ["copy.tflite: left out, as another file with the same content is measured"]


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        ([], []),
        (["a/export/m.tflite", "a/export/n.tflite"], ["m.tflite", "n.tflite"]),
        (["a/export/m.tflite", "b/export/m.tflite"], ["a/m.tflite", "b/m.tflite"]),
        (["x/a/e/m.tflite", "y/a/e/m.tflite"], ["x/a/e/m.tflite", "y/a/e/m.tflite"]),
    ],
)
def test_names_are_unique(paths: list[str], names: list[str]) -> None:
    assert unique_names([Path(path) for path in paths]) == names


def test_file_is_loaded_with_the_given_threads(model_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    load = tflite._load

    def record(path: Path, threads: int, *rest: Any, **named: Any) -> tuple[str, Any]:
        asked.append(threads)
        return load(path, threads, *rest, **named)

    monkeypatch.setattr(tflite, "_load", record)
    (subject,) = load_subjects([model_file], engines=LITERT, threads=2)
    assert asked[0] == 2
    assert subject.threads == 2
