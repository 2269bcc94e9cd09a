from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benchmarks.pi.processors.cards import record_instruction_sets
from fer_edge.board import instruction_set
from fer_edge.dataset.data import Dataset
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier


@pytest.mark.parametrize("name", ["tflite int8", "onnx int8"])
def test_instruction_sets_are_added_once_and_the_model_stays(
    exported_paths: dict[str, Path], faces: Dataset, tmp_path: Path, name: str
) -> None:
    path = tmp_path / exported_paths[name].name
    shutil.copy(exported_paths[name], path)
    before = read_card(path)
    record_instruction_sets(path, [instruction_set(), "an older one"])
    record_instruction_sets(path, ["an older one"])
    card = read_card(path)
    assert card.parity == {**before.parity, "instruction_sets": [instruction_set(), "an older one"]}
    assert (card.model_sha256, card.model_bytes) == (before.model_sha256, before.model_bytes)
    images = faces.validation.images[:8]
    scores, expected = (Classifier.load(each).classify_all(images) for each in (path, exported_paths[name]))
    assert (scores == expected).all()


def test_card_that_names_them_is_not_rewritten(exported_paths: dict[str, Path]) -> None:
    path = exported_paths["tflite fp32"]
    content, written = path.read_bytes(), path.stat().st_mtime_ns
    record_instruction_sets(path, [instruction_set()])
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, written)
