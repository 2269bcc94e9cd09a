from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_edge.cards.input_spec import InputSpec, TensorQuantization
from fer_edge.cards.model_card import SCHEMA_VERSION, ModelCard
from fer_edge.cards.storage import append_card, read_zipped_card
from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import read_card
from fer_edge.labels import EXPRESSIONS
from fer_edge.preprocess import CropSpec
from fer_edge.scores import ScoreKind

if TYPE_CHECKING:
    from fer_edge.training.run_folder import RunFolder

MODEL = b"\x1c\0\0\0TFL3" + np.random.default_rng(0).bytes(2000)

CARD = ModelCard(
    name="tiny",
    architecture="documented",
    labels=("calm", "größer"),
    input=InputSpec(width=32, height=24),
    crop=CropSpec("a detector", 1.5, 0.1, "nothing"),
    prior={"calm": 0.7, "größer": 0.3},
    precision="int8",
    quantization={"input": TensorQuantization("int8", 1.0, -128)},
    training={"recipe": {"epochs": 3}},
    evaluation={"accuracy": 0.5},
    parity={"agreement": 0.99},
    parent_sha256="ab",
    calibration_sha256="cd",
    tools={"python": "3.11"},
    licence="Apache-2.0",
)


@pytest.mark.parametrize("card", [ModelCard("", ""), CARD])
def test_a_card_survives_json(card: ModelCard) -> None:
    assert ModelCard.from_json(card.to_json(), "here") == card


def test_card_of_an_earlier_version_states_no_use() -> None:
    facts = json.loads(CARD.to_json())
    assert facts["intended_use"]
    assert facts["limitations"]
    for name in ("intended_use", "out_of_scope_use", "limitations"):
        del facts[name]
    card = ModelCard.from_json(json.dumps(facts), "here")
    assert (card.intended_use, card.out_of_scope_use, card.limitations) == ("", "", ())
    assert card.schema_version == CARD.schema_version, "earlier readers ignore members that they do not know"


def test_unknown_members_are_ignored() -> None:
    facts = json.loads(CARD.to_json())
    for place in (facts, facts["input"], facts["crop"], facts["quantization"]["input"]):
        place["colour_of_the_box"] = "brown"
    assert ModelCard.from_json(json.dumps(facts), "here") == CARD


def test_members_that_are_missing_have_their_defaults() -> None:
    facts = json.loads(CARD.to_json())
    del facts["licence"], facts["parity"]
    assert ModelCard.from_json(json.dumps(facts), "here") == replace(CARD, licence="not stated", parity={})


def test_later_schema_is_rejected_with_advice() -> None:
    text = json.dumps({**json.loads(CARD.to_json()), "schema_version": SCHEMA_VERSION + 1})
    with pytest.raises(ModelError, match=r"here: its card has schema 4.*install a newer one"):
        ModelCard.from_json(text, "here")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"schema_version": "one"}',
        '{"schema_version": 1}',
        CARD.to_json()[:-20],
        CARD.to_json().replace('"calm"', '"größer"'),
        CARD.to_json().replace('"scale": 1.5', '"scale": 99'),
        CARD.to_json().replace('"name"', '"nickname"'),
        CARD.to_json().replace('"calm": 0.7', '"calm": 0.1'),
        CARD.to_json().replace('"calm": 0.7', '"cold": 0.7'),
        CARD.to_json().replace('"calm": 0.7', '"calm": "much"'),
        CARD.to_json().replace('"training": {', '"training": {"votes": {"prior": {"calm": 2}},'),
    ],
)
def test_a_damaged_card_is_a_model_error(text: str) -> None:
    with pytest.raises(ModelError, match=r"^here: its model card is damaged"):
        ModelCard.from_json(text, "here")


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "bgr"},
        {"resize": "lanczos"},
        {"width": 0},
        {"height": 48.5},
        {"width": "48"},
        {"minimum": 1.0, "maximum": 0.0},
        {"minimum": 255.0},
        {"minimum": None},
        {"maximum": float("nan")},
        {"maximum": float("inf")},
    ],
)
def test_impossible_input_is_rejected_in_one_line(wrong: dict[str, object]) -> None:
    facts = json.loads(CARD.to_json())
    facts["input"] |= wrong
    with pytest.raises(ModelError, match=r"^here: its model card is damaged or another tool's") as raised:
        ModelCard.from_json(json.dumps(facts), "here")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("card", "schema"),
    [
        (CARD, 1),
        (replace(CARD, scores=ScoreKind.LOGITS), 2),
        (replace(CARD, input=InputSpec(minimum=-1.0, maximum=1.0)), 2),
    ],
)
def test_card_that_older_readers_would_misread_has_a_later_schema(card: ModelCard, schema: int) -> None:
    assert json.loads(card.to_json())["schema_version"] == schema
    assert ModelCard.from_json(card.to_json(), "here") == card


def test_a_card_without_the_kind_of_its_scores_has_probabilities() -> None:
    facts = json.loads(CARD.to_json())
    assert facts.pop("scores") == "probabilities"
    assert ModelCard.from_json(json.dumps(facts), "here") == CARD


@pytest.mark.parametrize(
    ("minimum", "maximum", "expected"), [(0, 1, [0, 0.2, 1]), (-1, 1, [-1, -0.6, 1]), (0, 255, [0, 51, 255])]
)
def test_pixels_are_scaled_to_the_range(minimum: float, maximum: float, expected: list[float]) -> None:
    pixels = np.array([0, 51, 255], np.uint8)
    scaled = InputSpec(minimum=float(minimum), maximum=float(maximum)).scale(pixels)
    assert scaled == pytest.approx(expected)
    assert (scaled is pixels) is (maximum == 255)
    assert scaled.dtype == (np.uint8 if maximum == 255 else np.float32)


@pytest.mark.parametrize("labels", [(), ("one",), ("one", "one")])
def test_fewer_than_two_different_labels_are_refused(labels: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="different labels"):
        ModelCard("a", "b", labels=labels)


def test_an_appended_card_is_a_zip_behind_the_model() -> None:
    content = append_card(MODEL, CARD)
    assert content.startswith(MODEL)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["metadata.json", "labels.txt"]
        assert archive.read("labels.txt").decode() == "calm\ngrößer\n"
        facts = json.loads(archive.read("metadata.json"))
    assert (facts["model_bytes"], facts["name"]) == (len(MODEL), "tiny")


def test_the_same_model_and_card_give_the_same_file() -> None:
    assert append_card(MODEL, CARD) == append_card(MODEL, CARD)


def test_an_appended_card_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(append_card(MODEL, CARD))
    card = read_zipped_card(path)
    assert card is not None
    assert replace(card, model_sha256=None, model_bytes=None) == CARD


@pytest.mark.parametrize("content", [b"", MODEL, b"text\n"])
def test_a_file_without_a_card_has_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    assert read_zipped_card(path) is None


def test_a_zip_of_something_else_has_no_card(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert read_zipped_card(path) is None


def flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


@pytest.mark.parametrize("position", [0, 4, 1000, len(MODEL) - 1])
def test_a_flipped_byte_in_the_model_is_found(tmp_path: Path, position: int) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(flipped(append_card(MODEL, CARD), position))
    with pytest.raises(ModelError, match="not what its card was written for"):
        read_zipped_card(path)


@pytest.mark.parametrize("length", [10_000, 1 << 40, 1 << 61])
def test_a_card_of_more_bytes_than_its_file_has_is_a_model_error(tmp_path: Path, length: int) -> None:
    card = replace(CARD, model_sha256=hashlib.sha256(b"").hexdigest(), model_bytes=length)
    with pytest.raises(ModelError, match="not what its card was written for"):
        read_zipped_card(zipped(tmp_path / "model.tflite", card.to_json()))


def test_a_flipped_byte_in_the_card_is_a_model_error_or_harmless(tmp_path: Path) -> None:
    path, whole = tmp_path / "model.tflite", append_card(MODEL, CARD)
    path.write_bytes(whole)
    card, errors = read_card(path), 0
    for position in range(len(MODEL), len(whole)):
        path.write_bytes(flipped(whole, position))
        try:
            # Some bytes of a zip, such as a member's date, decide nothing.
            assert read_card(path) == card
        except ModelError:
            errors += 1
    assert errors > (len(whole) - len(MODEL)) / 2


def test_a_truncated_file_is_a_model_error(tmp_path: Path) -> None:
    path, whole = tmp_path / "model.tflite", append_card(MODEL, CARD)
    for length in range(0, len(whole), 50):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            read_card(path)


@pytest.mark.slow
def test_a_card_leaves_a_tflite_file_loadable(exported_paths: dict[str, Path]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    path = exported_paths["tflite int8"]
    card = read_zipped_card(path)
    assert card is not None
    assert card.labels == EXPRESSIONS
    assert card.model_bytes is not None
    assert card.model_bytes < path.stat().st_size
    interpreter = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    assert interpreter.get_input_details()[0]["shape"].tolist() == [1, 48, 48, 1]


def test_a_card_leaves_a_keras_file_loadable(tiny_run: RunFolder) -> None:
    import keras

    with zipfile.ZipFile(tiny_run.model) as archive:
        assert {"model_card.json", "labels.txt", "metadata.json", "model.weights.h5"} <= set(archive.namelist())
        assert "keras_version" in json.loads(archive.read("metadata.json"))
    assert keras.models.load_model(tiny_run.model, compile=False).output_shape == (None, 7)
    card = read_zipped_card(tiny_run.model)
    assert card is not None
    assert card.architecture == "tiny"


def test_labels_cannot_control_a_terminal() -> None:
    prior = {"\x1b[2Jhappy": 0.7, "sad\ud800": 0.3}
    facts = {**json.loads(CARD.to_json()), "labels": list(prior), "prior": prior}
    card = ModelCard.from_json(json.dumps(facts), "here")
    assert card.labels == tuple(card.prior or ()) == ("\\x1b[2Jhappy", "sad\\ud800")
    with pytest.raises(ModelError) as refused:
        ModelCard.from_json(json.dumps({**facts, "training": {"votes": {"prior": {"\x1b[2J": 1}}}}), "here")
    assert "\x1b" not in str(refused.value)


def zipped(path: Path, text: str | bytes) -> Path:
    """A TFLite file whose card is any text."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.json", text)
    return path


def test_card_of_many_megabytes_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "model.tflite", bytes(50 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(ModelError, match=r"its model card cannot be read .*at most 1,048,576 bytes"):
        read_zipped_card(path)


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": [1, 2]},
        {"labels": "abcdefg"},
        {"labels": ["a", ""]},
        {"name": 5},
        {"name": "../../tmp/x"},
        {"name": "a\\b"},
        {"architecture": None},
        {"training": []},
        {"parity": "passed"},
        {"tools": [1]},
        {"licence": {}},
        {"model_sha256": 1},
        {"model_bytes": True},
        {"model_bytes": -1},
        {"model_bytes": 10**30},
        {"schema_version": "1"},
        {"quantization": [1]},
        {"input": {"width": 10**6}},
        {"input": {"width": True}},
        {"input": {"minimum": 10**400}},
        {"input": {"colour": "bgr"}},
        {"crop": []},
        {"crop": {"scale": "wide"}},
    ],
)
def test_member_of_another_type_or_size_is_a_model_error(changed: dict[str, object]) -> None:
    facts = json.loads(CARD.to_json())
    for name, value in changed.items():
        facts[name] = {**facts[name], **value} if isinstance(value, dict) and isinstance(facts[name], dict) else value
    with pytest.raises(ModelError, match="here: its model card is damaged or another tool's") as raised:
        ModelCard.from_json(json.dumps(facts), "here")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["[]", "5", "null", "[" * 100_000, '{"training":' + "[" * 80 + "]" * 80 + "}"])
def test_other_json_is_a_model_error(text: str) -> None:
    with pytest.raises(ModelError, match="its model card is damaged"):
        ModelCard.from_json(text, "here")


def test_no_text_in_a_card_can_control_a_terminal() -> None:
    facts = {**json.loads(CARD.to_json()), "architecture": "\x1b[2Jx", "training": {"a\nb": ["\x07"]}}
    card = ModelCard.from_json(json.dumps(facts), "here")
    assert (card.architecture, card.training) == ("\\x1b[2Jx", {"a\\nb": ["\\x07"]})
