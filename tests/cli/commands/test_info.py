from __future__ import annotations

import hashlib
import json
import re
from collections import ChainMap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from onnx import helper

from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.markdown import to_markdown
from fer_edge.cards.meaning import NETWORKS_PROBABILITY, SHARE_OF_PEOPLE
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import append_card
from fer_edge.cards.summary import summarize
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.onnx_card import append_card_to_onnx
from fer_edge.models import SHIPPED_MODEL, shipped_models
from fer_edge.training.run_folder import RunFolder


@pytest.fixture
def models(exported_paths: dict[str, Path], tiny_run: RunFolder) -> ChainMap[str, Path]:
    return ChainMap({"keras": tiny_run.model}, exported_paths)


@pytest.mark.slow
@pytest.mark.parametrize("file", ["keras", "tflite int8", "onnx int8"])
def test_info_describes_model_file(command_line: Callable[..., Any], models: ChainMap[str, Path], file: str) -> None:
    path = models[file]
    content = path.read_bytes()
    facts = json.loads(command_line("info", path, "--json").require_success().stdout)
    assert (facts["bytes"], facts["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert facts["card"] == json.loads(read_card(path).to_json())
    text = command_line("info", path, "--all").require_success().stdout
    for part in (facts["sha256"], "tiny", "angry, disgust, fear", facts["card"]["precision"]):
        assert part in text


def test_info_shows_graph_of_tflite_file(command_line: Callable[..., Any], models: ChainMap[str, Path]) -> None:
    facts = json.loads(command_line("info", models["tflite int8"], "--json").require_success().stdout)
    assert (facts["precision"], facts["input"], facts["output"]) == ("int8", "int8 (1, 48, 48, 1)", "int8 (1, 7)")
    assert facts["operators"]["CONV_2D"] == 2
    assert facts["signatures"] == ["serving_default"]


@pytest.mark.parametrize(
    ("file", "operator", "precision"),
    [("onnx fp32", "Conv", "fp32"), ("onnx int8", "Conv", "int8"), ("keras", "Conv2D", None)],
)
def test_info_shows_graph_of_onnx_and_keras_files(
    command_line: Callable[..., Any], models: ChainMap[str, Path], file: str, operator: str, precision: str | None
) -> None:
    facts = json.loads(command_line("info", models[file], "--json").require_success().stdout)
    assert facts["input"] == "float32 (any number, 48, 48, 1)"
    assert facts["operators"][operator] == 2
    assert facts.get("precision") == precision


def test_a_card_that_claims_another_precision_is_refused(
    command_line: Callable[..., Any], models: ChainMap[str, Path], tmp_path: Path
) -> None:
    whole = models["tflite dynamic"]
    card = read_card(whole)
    path = tmp_path / "liar.tflite"
    path.write_bytes(append_card(whole.read_bytes()[: card.model_bytes], replace(card, precision="int8")))
    ended = command_line("info", path)
    assert ended.exit_code == 2
    assert "its card says int8, its tensors are dynamic" in ended.stderr


@pytest.mark.parametrize(
    ("training", "meaning"),
    [({}, NETWORKS_PROBABILITY), ({"votes": {"weight": 1.0, "images": 7}}, SHARE_OF_PEOPLE)],
)
def test_info_says_what_a_score_means(
    command_line: Callable[..., Any],
    models: ChainMap[str, Path],
    tmp_path: Path,
    training: dict[str, Any],
    meaning: str,
) -> None:
    whole = models["tflite int8"]
    card = read_card(whole)
    path = tmp_path / "taught.tflite"
    path.write_bytes(append_card(whole.read_bytes()[: card.model_bytes], replace(card, training=training)))
    assert re.search(
        f"^scores +{re.escape(meaning)}$", command_line("info", path).require_success().stdout, re.MULTILINE
    )
    assert json.loads(command_line("info", path, "--json").require_success().stdout)["scores"] == meaning


@pytest.mark.parametrize("arguments", [("info",), ("run", "--camera", "demo", "--frames", 1, "--model")])
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"labels": ("yes", "no"), "prior": None, "training": {}}, "to 2 scores, got one from (1, 48, 48, 1) to 7"),
        ({"input": InputSpec(width=64)}, "from (1, 48, 64, 1)"),
        ({"input": InputSpec(minimum=0.0, maximum=1.0)}, "its input tensor holds 0..255, not 0..1"),
    ],
)
def test_card_that_contradicts_its_file_is_refused(
    command_line: Callable[..., Any], tmp_path: Path, arguments: tuple[object, ...], changed: dict[str, Any],
    message: str,
) -> None:  # fmt: skip
    card = read_card(SHIPPED_MODEL)
    path = tmp_path / "liar.tflite"
    path.write_bytes(append_card(SHIPPED_MODEL.read_bytes()[: card.model_bytes], replace(card, **changed)))
    ended = command_line(*arguments, path)
    assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
    assert message in ended.stderr


def test_file_says_whether_it_is_verified(command_line: Callable[..., Any], tmp_path: Path) -> None:
    edges = [helper.make_tensor_value_info(*each) for each in (("x", 1, [None, 48, 48, 1]), ("y", 1, [None, 7]))]
    model = helper.make_model(helper.make_graph([helper.make_node("Sigmoid", ["x"], ["y"])], "g", edges[:1], edges[1:]))
    card = ModelCard("small", "small", precision="fp32")
    (tmp_path / "new.onnx").write_bytes(append_card_to_onnx(model.SerializeToString(), card))
    helper.set_model_props(model, {"fer_edge_card": card.to_json()})
    (tmp_path / "old.onnx").write_bytes(model.SerializeToString())
    for name, verified in (("new.onnx", "by the digest in its card"), ("old.onnx", "no: its card holds no digest")):
        facts = json.loads(command_line("info", tmp_path / name, "--json").require_success().stdout)
        assert facts["verified"].startswith(verified)


@pytest.mark.parametrize("name", ["model.tflite", "model.onnx", "model.keras"])
@pytest.mark.parametrize("content", [None, "", "text"])
def test_invalid_model_is_one_line(
    command_line: Callable[..., Any], tmp_path: Path, name: str, content: str | None
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    ended = command_line("info", tmp_path / name)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("error: ")
    assert name in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("file", ["keras", "tflite int8", "onnx int8"])
def test_a_truncated_model_is_one_line(
    command_line: Callable[..., Any], models: ChainMap[str, Path], tmp_path: Path, file: str
) -> None:
    content = models[file].read_bytes()
    path = tmp_path / f"cut{models[file].suffix}"
    path.write_bytes(content[: len(content) // 2])
    ended = command_line("info", path)
    assert ended.exit_code == 2
    assert len(ended.stderr.splitlines()) == 1


def test_info_process_shows_no_traceback(child_line: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "notes.tflite").write_text("text renamed")
    ended = child_line("info", "notes.tflite")
    assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("name", sorted(shipped_models()))
def test_shipped_model_is_found_by_name(command_line: Callable[..., Any], name: str) -> None:
    facts = json.loads(command_line("info", name, "--json").require_success().stdout)
    assert Path(facts["file"]) == shipped_models()[name]
    assert facts["card"]["architecture"] == name


@pytest.mark.parametrize("name", sorted(shipped_models()))
def test_shipped_model_names_the_instruction_sets_it_was_verified_on(
    command_line: Callable[..., Any], name: str
) -> None:
    # What is missing is added by: python -m benchmarks.pi.processors FILE --update-cards
    shown = command_line("info", name, "--all").require_success().stdout
    assert re.search(r"^ *instruction_sets +.*x86-64 AVX2, x86-64 SSE4.2", shown, re.MULTILINE)


def test_file_precedes_shipped_model_of_same_name(
    command_line: Callable[..., Any], models: ChainMap[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = next(iter(shipped_models()))
    Path(name).write_bytes(models["tflite int8"].read_bytes())
    assert f"{name}: expected a .tflite" in command_line("info", name).stderr


def test_info_is_ten_lines_unless_all_is_wanted(command_line: Callable[..., Any]) -> None:
    lines = command_line("info").require_success().stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        *("file", "model", "labels", "input", "scores", "prior", "trained on", "accuracy", "parity", "licence")
    ]
    assert re.search(
        r"people's answer \(3,188 images with a majority\), .* label \(3,589 validation images\)$", lines[7]
    )
    everything = command_line("info", "--all").require_success().stdout
    assert "confusion_matrix" in everything
    assert len(everything.splitlines()) > 60


def test_card_without_measurements_has_a_short_summary(command_line: Callable[..., Any], tmp_path: Path) -> None:
    labels = tuple(f"expression {i}" for i in range(30))
    facts = summarize(ModelCard("mine", "mine", labels), 1234)
    assert facts["model"] == "mine, fp32, 1,234 bytes"
    assert facts["labels"].endswith("expression 11, and 18 more")
    assert not {"accuracy", "parity", "trained on"} & set(facts)


@pytest.mark.parametrize("network", list(shipped_models()))
def test_markdown_is_a_card_of_the_hub(command_line: Callable[..., Any], network: str) -> None:
    text = command_line("info", network, "--markdown").require_success().stdout
    _, front, body = text.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert facts["library_name"] == "tflite"
    assert facts["pipeline_tag"] == "image-classification"
    (model,) = facts["model-index"]
    assert model["name"] == network
    for result in model["results"]:
        assert set(result) == {"task", "dataset", "metrics"}
        assert {"type", "name"} <= set(result["dataset"])
        assert all(0 < metric["value"] < 1 and metric["type"] in ("accuracy", "f1") for metric in result["metrics"])
    card = read_card(shipped_models()[network])
    assert model["results"][0]["metrics"][0]["value"] == pytest.approx(card.evaluation["accuracy"], abs=1e-4)
    assert all(f"| {label} |" in body for label in card.labels)


def test_markdown_of_any_names_is_valid_yaml() -> None:
    name = """it's: "a" #model\u00e9 - [x]"""
    training = {"data": "Ünïcode: {faces} | 'x'.zip"}
    card = ModelCard(name, "mine", ("a|b", "c: d"), training=training, evaluation={"accuracy": 0.5}, licence="MIT")
    facts = yaml.safe_load(to_markdown(card, "mine.onnx", 1).split("---\n")[1])
    assert facts["license"] == "mit"
    assert facts["model-index"][0]["name"] == name
    assert facts["model-index"][0]["results"][0]["dataset"]["name"].startswith(training["data"])
    assert yaml.safe_load(to_markdown(ModelCard("mine", "mine"), "mine.onnx", 1).split("---\n")[1])["model-index"] == []


def test_outputs_of_info_exclude_each_other(command_line: Callable[..., Any]) -> None:
    ended = command_line("info", "--json", "--markdown")
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
