from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import KERAS_CARD_MEMBER, add_card_to_keras
from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.card_writer import replace_card
from fer_edge.models import SHIPPED_MODEL


@pytest.fixture
def keras_file(tmp_path: Path) -> Path:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"weights")
    add_card_to_keras(path, ModelCard("first", "net"))
    return path


def test_card_of_a_keras_file_is_replaced_and_the_rest_stays(keras_file: Path) -> None:
    replace_card(keras_file, replace(read_card(keras_file), name="second"))
    assert read_card(keras_file).name == "second"
    with zipfile.ZipFile(keras_file) as archive:
        assert archive.namelist().count(KERAS_CARD_MEMBER) == 1
        assert archive.read("model.weights.h5") == b"weights"


def test_model_of_a_tflite_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(SHIPPED_MODEL.read_bytes())
    card = read_card(path)
    for name in ("a name", "n"):
        replace_card(path, replace(card, name=name))
        assert read_card(path).name == name
    size = card.model_bytes
    assert path.read_bytes()[:size] == SHIPPED_MODEL.read_bytes()[:size]


def test_file_whose_model_has_no_known_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"model")
    with pytest.raises(ModelError, match="export it again"):
        replace_card(path, ModelCard("net", "net"))
    assert path.read_bytes() == b"model"
