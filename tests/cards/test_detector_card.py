from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from fer_edge.cards.detector_card import OUTPUTS, DetectorCard, append_detector_card, read_detector_card
from fer_edge.cards.storage import append_texts, read_zipped_card
from fer_edge.errors import ModelError
from fer_edge.models import YUNET_FILE
from fer_edge.runtime.faces.engines import DETECTOR_FILES, DetectorEngine

CARD = DetectorCard("yunet", "YuNet 2023mar", tuple(range(OUTPUTS)), (0.5,) * OUTPUTS, parity={"found": 0.99})


def test_a_card_comes_back_with_its_models_digest(tmp_path: Path) -> None:
    path = tmp_path / "detector.tflite"
    path.write_bytes(append_detector_card(b"model", CARD))
    card = read_detector_card(path)
    assert (card.output_scale, card.output_offset, card.parity) == (CARD.output_scale, CARD.output_offset, CARD.parity)
    assert (card.model_bytes, card.model_sha256) == (5, hashlib.sha256(b"model").hexdigest())


@pytest.mark.parametrize(
    "text",
    ["[]", "{", "{}", '{"kind": "face detector", "schema_version": 9}', CARD.to_json().replace("face detector", "cat")],
)
def test_another_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "detector.tflite"
    path.write_bytes(append_texts(b"model", {"metadata.json": text}))
    with pytest.raises(ModelError, match="install fer-edge again"):
        read_detector_card(path)


def test_a_detector_is_no_classifier() -> None:
    with pytest.raises(ModelError, match="expected a classifier of expressions, got a face detector"):
        read_zipped_card(DETECTOR_FILES[DetectorEngine.INT8])


@pytest.mark.parametrize(("engine", "precision"), [(DetectorEngine.INT8, "int8"), (DetectorEngine.FP32, "fp16")])
def test_shipped_files_passed_their_verification(engine: DetectorEngine, precision: str) -> None:
    card = read_detector_card(DETECTOR_FILES[engine])
    assert card.precision == precision
    assert card.parent_sha256 == hashlib.sha256(YUNET_FILE.read_bytes()).hexdigest()
    assert card.parity["passed"]
    assert card.parity["frames"] >= 1000
    assert card.parity["faceless_frames"] >= 1500


@pytest.mark.parametrize("path", [YUNET_FILE, *DETECTOR_FILES.values()], ids=lambda path: path.name)
def test_notices_name_the_shipped_files_digests(path: Path) -> None:
    assert hashlib.sha256(path.read_bytes()).hexdigest() in (YUNET_FILE.parent / "NOTICES.md").read_text("utf-8")
