from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from export import exporter
from export.parity import Tolerance
from fer_edge.runtime.classifier import read_card
from fer_edge.training.run_folder import RunFolder


@pytest.fixture
def export_line(
    command_line: Callable[..., Any], tiny_run: RunFolder, faces_zip: Path, tmp_path: Path
) -> Callable[..., Any]:
    """`fer-edge export` of the tiny run's model into `tmp_path/out`."""

    def run(*arguments: object) -> Any:
        common = ("--data", faces_zip, "--output", tmp_path / "out", "--calibration-images", 35)
        return command_line("export", tiny_run.model, *common, *arguments)

    return run


def test_int8_in_both_formats_by_default(export_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = export_line().require_success()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"tiny_int8.tflite", "tiny_int8.onnx", "calibration.json"}
    assert ended.stdout.count("passed") == 2
    assert "agreement" in ended.stdout
    manifest = (tmp_path / "out" / "calibration.json").read_bytes()
    assert len(json.loads(manifest)["images"]) == 35
    card = read_card(tmp_path / "out" / "tiny_int8.tflite")
    assert card.calibration_sha256 == hashlib.sha256(manifest).hexdigest()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--precision", "fp32", "--precision", "dynamic", "--format", "tflite"], {"fp32.tflite", "dynamic.tflite"}),
        (["--precision", "fp32", "--format", "onnx"], {"fp32.onnx"}),
    ],
)
def test_the_files_that_were_asked_for(
    export_line: Callable[..., Any], tmp_path: Path, arguments: list[str], expected: set[str]
) -> None:
    export_line(*arguments).require_success()
    names = {path.name.removeprefix("tiny_") for path in (tmp_path / "out").iterdir()}
    assert names - {"calibration.json"} == expected


@pytest.mark.parametrize("keep", [False, True])
def test_a_failed_proof_is_exit_code_one(
    export_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    impossible = Tolerance(agreement=1.1, kl_divergence=1, accuracy_drop=1, recall_drop=1)
    monkeypatch.setattr(exporter, "tolerance_for", lambda _: impossible)
    ended = export_line("--precision", "fp32", "--format", "tflite", *["--keep-failed"] * keep)
    assert ended.exit_code == 1
    assert "failed" in ended.stdout
    assert "below 110.0%" in ended.stderr
    names = {path.name for path in tmp_path.glob("out/*")}
    assert names == ({"tiny_fp32.failed.tflite"} if keep else set())


def test_no_data_is_an_error_and_never_a_random_calibration(
    command_line: Callable[..., Any], tiny_run: RunFolder, tmp_path: Path
) -> None:
    alone = tmp_path / "model.keras"
    alone.write_bytes(tiny_run.model.read_bytes())
    ended = command_line("export", alone, "--int8", "--output", tmp_path / "out")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "no labelled faces were named" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_onnx_alone_has_no_fp16(export_line: Callable[..., Any]) -> None:
    ended = export_line("--precision", "fp16", "--format", "onnx")
    assert ended.exit_code == 2
    assert "fp16 needs --format tflite" in ended.stderr


def test_no_run_says_how_to_train(child_line: Callable[..., Any]) -> None:
    ended = child_line("export", "--int8", "--data", "synthetic")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "train a model first: fer-edge train" in ended.stderr


def test_the_newest_run_is_exported_by_default(
    command_line: Callable[..., Any], tiny_run: RunFolder, faces_zip: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    copy = tmp_path / "runs" / "only" / "model.keras"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(tiny_run.model.read_bytes())
    monkeypatch.chdir(tmp_path)
    command_line("export", "--precision", "fp32", "--format", "tflite", "--data", faces_zip).require_success()
    assert (copy.parent / "export" / "tiny_fp32.tflite").is_file()


def test_layer_errors_are_shown_and_written(export_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = export_line("--int8", "--format", "tflite", "--layer-errors").require_success()
    assert "SNR, dB" in ended.stdout
    assert next(tmp_path.rglob("*_int8_layers.csv")).read_text().count("\n") > 4


def test_layer_errors_need_the_int8_tflite_file(export_line: Callable[..., Any]) -> None:
    ended = export_line("--precision", "fp32", "--layer-errors")
    assert ended.exit_code == 2
    assert "add --int8 --format tflite" in ended.stderr
