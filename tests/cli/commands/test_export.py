from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from export import auto, exporter, parity
from export.parity import Tolerance
from fer_edge.benchmark import machine, timing
from fer_edge.benchmark.timing import Effort
from fer_edge.inference.card_reader import read_card
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER
from fer_edge.precision import Precision
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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--precision", "fp32", "--precision", "dynamic", "--format", "tflite"], {"fp32.tflite", "dynamic.tflite"}),
        (["--precision", "fp32", "--format", "onnx"], {"fp32.onnx"}),
    ],
)
def test_export_writes_requested_files(
    export_line: Callable[..., Any], tmp_path: Path, arguments: list[str], expected: set[str]
) -> None:
    export_line(*arguments).require_success()
    names = {path.name.removeprefix("tiny_") for path in (tmp_path / "out").iterdir()}
    assert names - {"calibration.json"} == expected


@pytest.mark.slow
def test_note_warns_of_other_images_than_in_training(export_line: Callable[..., Any], mixed_fer2013: Path) -> None:
    one = ("--precision", "fp32", "--format", "tflite")
    assert "trained on other images" not in export_line(*one).stderr
    ended = export_line(*one, "--data", mixed_fer2013, "--official-split")
    assert "21 images of Training, 21 of PublicTest" in " ".join(ended.stderr.split())
    assert "note: model.keras: trained on other images than these" in ended.stderr


def test_every_onnx_precision(export_line: Callable[..., Any], tmp_path: Path) -> None:
    export_line("--all", "--format", "onnx").require_success()
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"tiny_fp32.onnx", "tiny_int8.onnx", "calibration.json"}


IMPOSSIBLE = Tolerance(agreement=0, kl_divergence=-1, accuracy_drop=1, recall_drop=1)


@pytest.mark.slow
@pytest.mark.parametrize("keep", [False, True])
def test_failed_verification_is_exit_code_one(
    export_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keep: bool
) -> None:
    monkeypatch.setattr(exporter, "tolerance_for", lambda _: IMPOSSIBLE)
    ended = export_line("--precision", "fp32", "--format", "tflite", *["--keep-failed"] * keep)
    assert ended.exit_code == 1
    assert "failed" in ended.stdout
    assert "above -1" in ended.stderr
    names = {path.name for path in tmp_path.glob("out/*")}
    assert names == ({"tiny_fp32.failed.tflite"} if keep else set())


def fail_only(precision: Precision, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        exporter, "tolerance_for", lambda one: IMPOSSIBLE if one is precision else parity.tolerance_for(one)
    )


@pytest.mark.slow
def test_skip_failed_reports_a_failed_file_and_exits_with_zero(
    export_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_only(Precision.DYNAMIC, monkeypatch)
    both = ("--precision", "fp32", "--precision", "dynamic", "--format", "tflite")
    assert export_line(*both).exit_code == 1
    ended = export_line(*both, "--skip-failed").require_success()
    assert "tflite dynamic: KL divergence" in ended.stderr
    assert "warning: 1 of 2 files failed verification and were not written" in ended.stderr
    assert {path.name for path in tmp_path.glob("out/*")} == {"tiny_fp32.tflite"}


def test_skip_failed_is_exit_code_one_if_no_file_passes(
    export_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_only(Precision.FP32, monkeypatch)
    ended = export_line("--precision", "fp32", "--skip-failed")
    assert ended.exit_code == 1
    assert "error: 2 of 2 files failed verification" in ended.stderr


def test_no_data_is_an_error_and_never_a_random_calibration(
    command_line: Callable[..., Any], tiny_run: RunFolder, tmp_path: Path
) -> None:
    alone = tmp_path / "model.keras"
    alone.write_bytes(tiny_run.model.read_bytes())
    ended = command_line("export", alone, "--int8", "--output", tmp_path / "out")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "no labelled faces were named" in ended.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def own_keras(tiny_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny network without a card, for pixels 0..1, with its scores in the order of fer2013.csv."""
    import keras
    import numpy as np

    from fer_edge.training.networks.keras_file import KerasClassifier

    model = KerasClassifier.load(tiny_run.model).model
    order = keras.layers.Dense(7, use_bias=False)
    order.build((None, 7))
    order.set_weights([np.eye(7, dtype=np.float32)[:, [EXPRESSIONS.index(name) for name in FER2013_ORDER]]])
    image = keras.Input((48, 48, 1))
    path = tmp_path_factory.mktemp("own") / "own.keras"
    keras.Model(image, order(model(keras.layers.Rescaling(255)(image)))).save(path)
    return path


@pytest.fixture
def export_own(
    command_line: Callable[..., Any], own_keras: Path, faces_zip: Path, tmp_path: Path
) -> Callable[..., Any]:
    """`fer-edge export` of that model into `tmp_path/out`."""
    common = ("--data", faces_zip, "--output", tmp_path / "out", "--calibration-images", 35, "--format", "tflite")
    return partial(command_line, "export", own_keras, "--trust-model", *common)


@pytest.mark.slow
def test_a_model_without_a_card_is_exported_as_it_was_stated(
    export_own: Callable[..., Any], command_line: Callable[..., Any], tiny_run: RunFolder, faces_zip: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    stated = ("--labels", ",".join(FER2013_ORDER), "--input-range", "0..1")
    ended = export_own(*stated, "--precision", "fp32", "--int8").require_success()
    assert "warning" not in ended.stderr
    for precision in ("fp32", "int8"):
        path = tmp_path / "out" / f"own_{precision}.tflite"
        card = read_card(path)
        assert (card.labels, card.takes_raw_pixels, card.architecture) == (FER2013_ORDER, True, "unknown")
        expected = read_card(tiny_run.model).evaluation["accuracy"]
        assert card.evaluation["accuracy"] == pytest.approx(expected, abs=0.02)
        arguments = ("--data", faces_zip, "--json", "--plot", tmp_path / "c.png")
        facts = json.loads(command_line("evaluate", path, *arguments).require_success().stdout)
        assert facts["accuracy"] == pytest.approx(card.evaluation["accuracy"])


def test_wrong_label_order_prints_warning(export_own: Callable[..., Any]) -> None:
    stated = ("--labels", ",".join(EXPRESSIONS), "--input-range", "0..1")
    ended = export_own(*stated, "--precision", "fp32").require_success()
    assert f"warning: own.keras: with the order {','.join(FER2013_ORDER)} the accuracy would be" in ended.stderr


def test_missing_stated_facts_are_named(export_own: Callable[..., Any], tmp_path: Path) -> None:
    ended = export_own("--labels", ",".join(FER2013_ORDER))
    assert (ended.exit_code, len(ended.stderr.splitlines())) == (2, 1)
    assert "--input-range 0..1" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_onnx_alone_has_no_fp16(export_line: Callable[..., Any]) -> None:
    ended = export_line("--precision", "fp16", "--format", "onnx")
    assert ended.exit_code == 2
    assert "fp16 needs the format tflite" in ended.stderr


@pytest.mark.slow
def test_missing_run_names_train_command(child_line: Callable[..., Any]) -> None:
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


@pytest.mark.slow
def test_layer_errors_are_shown_and_written(export_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = export_line("--int8", "--format", "tflite", "--layer-errors").require_success()
    assert "SNR, dB" in ended.stdout
    assert next(tmp_path.rglob("*_int8_layers.csv")).read_text().count("\n") > 4


@pytest.mark.parametrize("option", ["--layer-errors", "--float-io"])
def test_int8_options_need_int8_tflite_file(export_line: Callable[..., Any], option: str) -> None:
    ended = export_line("--precision", "fp32", option)
    assert ended.exit_code == 2
    assert f"{option} needs the int8 TFLite file: add --int8 --format tflite" in ended.stderr


@pytest.fixture
def little_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "WARM_UP_S", 0.01)
    monkeypatch.setattr(auto, "DEFAULT", Effort("test", rounds=70))


@pytest.mark.slow
@pytest.mark.usefixtures("little_effort")
def test_auto_writes_one_file_and_touches_no_other(export_line: Callable[..., Any], tmp_path: Path) -> None:
    kept_before = tmp_path / "out" / "other_fp32.tflite"
    kept_before.parent.mkdir()
    kept_before.write_bytes(b"another model's")
    ended = export_line("--auto").require_success()
    (written,) = {path.name for path in (tmp_path / "out").iterdir()} - {kept_before.name, "calibration.json"}
    assert f"\n{written}: it is " in ended.stdout
    assert f"written: {tmp_path / 'out' / written}" in ended.stdout.replace("\n", "")
    rows = re.findall(r"^ tiny_\w+\.(?:tflite|onnx) .* (passed|not verified) *$", ended.stdout, re.M)
    assert len(rows) == 7
    assert ended.stderr.count("over 10 times as long as one that passed") == rows.count("not verified")
    card = read_card(tmp_path / "out" / written)
    assert card.parity["passed"] is True
    assert (tmp_path / "out" / "calibration.json").is_file() is (card.calibration_sha256 is not None)
    assert kept_before.read_bytes() == b"another model's"


@pytest.mark.usefixtures("little_effort")
def test_auto_reports_reason_and_disturbed_machine(
    export_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "find_faults", lambda _: iter(["other processes took 55% of a core"]))
    ended = export_line("--auto", "--precision", "fp32", "--format", "tflite").require_success()
    assert "\ntiny_fp32.tflite: no other file passed verification\n" in ended.stdout
    assert "warning: the choice rests on disturbed times (other processes took 55% of a core)" in ended.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("little_effort")
def test_auto_writes_nothing_if_no_file_passes(
    export_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "tolerance_for", lambda _: IMPOSSIBLE)
    ended = export_line("--auto", "--int8", "--format", "tflite")
    assert ended.exit_code == 1
    assert "tiny_int8.tflite: " in ended.stderr
    assert "none of 1 files passed verification, so none was written" in ended.stderr
    assert not (tmp_path / "out").exists()


def test_auto_writes_nothing_after_ctrl_c(
    export_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))

    def interrupt(*_: object) -> None:
        assert list(scratch.rglob("tiny_fp32.tflite"))
        raise KeyboardInterrupt

    monkeypatch.setattr(auto, "measure_interleaved", interrupt)
    ended = export_line("--auto", "--precision", "fp32", "--format", "tflite")
    assert ended.exit_code == 130
    assert not (tmp_path / "out").exists()
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("option", ["--layer-errors", "--keep-failed", "--skip-failed"])
def test_auto_refuses_options_that_keep_more_files(export_line: Callable[..., Any], option: str) -> None:
    ended = export_line("--auto", option)
    assert ended.exit_code == 2
    assert f"--auto writes only a file that passed: use {option} without --auto" in ended.stderr
