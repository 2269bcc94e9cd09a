from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.benchmark.report_json import Report
from fer_edge.cards.storage import append_card
from fer_edge.dataset.data import Split
from fer_edge.errors import FerEdgeError
from fer_edge.inference.card_reader import read_card
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER

HASTE = ("--quick", "--threads", "1", "--runtime", "litert")


@pytest.fixture(scope="session")
def earlier(
    child_environment: dict[str, str], exported_paths: dict[str, Path], faces_zip: Path, tmp_path_factory: Any
) -> Path:
    """A report folder, made by the device's modules alone, of two files with labelled faces."""
    folder: Path = tmp_path_factory.mktemp("benchmark")
    code = (
        "import sys\nfrom fer_edge.cli import main\ntry:\n    main()\nfinally:\n"
        "    print({'tensorflow', 'keras', 'onnx', 'matplotlib', 'jinja2'} & set(sys.modules), file=sys.stderr)"
    )
    files = [str(exported_paths[name]) for name in ("tflite fp32", "tflite int8")]
    command = [sys.executable, "-c", code, "benchmark", *files, *HASTE, "--data", str(faces_zip), "--output", "report"]
    done = subprocess.run(command, cwd=folder, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "set()"
    assert "accu" in done.stdout
    return folder / "report"


@pytest.mark.slow
def test_a_device_install_measures_times_and_accuracy(earlier: Path, exported_paths: dict[str, Path]) -> None:
    report = Report.read(earlier / "report.json")
    assert [result.file for result in report.results] == [
        exported_paths[name].name for name in ("tflite fp32", "tflite int8")
    ]
    assert report.data is not None
    assert (report.data.images, report.method.effort) == (112, "quick")
    assert all(result.quality is not None and len(result.model.samples_ms) >= 50 for result in report.results)
    assert {path.name for path in earlier.iterdir()} == {f"report.{kind}" for kind in ("html", "md", "json", "csv")}


@pytest.mark.slow
def test_votes_file_precedes_ferplus(
    child_line: Callable[..., Any], model_file: Path, faces_zip: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(faces_zip) as archive:
        happy = [name for name in archive.namelist() if "validation/happy/" in name and not name.endswith("/")]
    votes = tmp_path / "votes.csv"
    rows = ["image," + ",".join(EXPRESSIONS), *(f"{name},0,0,0,9,1,0,0" for name in happy)]
    votes.write_text("\n".join(rows) + "\n")
    arguments = ("benchmark", model_file, *HASTE, "--data", faces_zip, "--votes", votes, "--output", "out")
    ended = child_line(*arguments).require_success()
    assert "one person" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 100
    report = Report.read(tmp_path / "out" / "report.json")
    assert report.data is not None
    assert report.data.majorities == len(happy)
    assert report.results[0].quality is not None
    assert report.results[0].quality.people is not None
    assert "most people agree" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("division", [(), ("--official-split",)])
def test_note_warns_of_other_division_than_in_training(
    command_line: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    model_file: Path,
    mixed_fer2013: Path,
    tmp_path: Path,
    division: tuple[str, ...],
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise FerEdgeError("enough")

    card = read_card(model_file)
    model = tmp_path / "other.tflite"
    content = model_file.read_bytes()[: card.model_bytes]
    model.write_bytes(append_card(content, replace(card, training={"data_sha256": "ab"})))
    monkeypatch.setattr("fer_edge.cli.commands.benchmark.measure", stop)
    ended = command_line("benchmark", model, *HASTE, "--data", mixed_fer2013, *division)
    assert "enough" in ended.stderr
    assert "note: other.tflite: trained on other images than these" in ended.stderr
    assert ("21 images of Training, 21 of PublicTest" in " ".join(ended.stderr.split())) == bool(division)


def test_faces_of_some_classes_are_measured_and_those_of_others_refused(
    command_line: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    model_file: Path,
    faces_folder: Path,
    tmp_path: Path,
) -> None:
    def stop(*_: object, faces: Split, **__: object) -> None:
        raise FerEdgeError(f"{len(faces)} faces of {len(faces.classes)} classes")

    monkeypatch.setattr("fer_edge.cli.commands.benchmark.measure", stop)
    for split in ("train", "validation"):
        for name, expression in (("happy", "happy"), ("sad", "sad"), ("wink", "surprise")):
            shutil.copytree(faces_folder / "images" / split / expression, tmp_path / "some" / split / name)
    arguments = ("benchmark", model_file, *HASTE, "--data", tmp_path / "some", "--output", tmp_path / "out")
    refused = command_line(*arguments)
    assert refused.exit_code == 2
    assert refused.stderr.endswith("add --classes happy,sad\n")
    ended = command_line(*arguments, "--classes", "happy,sad")
    assert "32 faces of 7 classes" in ended.stderr
    assert "note: no image of angry, disgust, fear, neutral, surprise" in ended.stderr


def test_votes_without_labelled_faces_are_refused(child_line: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "votes.csv").write_text("image,happy\na.png,1\n")
    ended = child_line("benchmark", "--votes", "votes.csv")
    assert ended.exit_code == 2
    assert "give them with --data" in ended.stderr


@pytest.mark.slow
def test_the_shipped_model_without_labelled_faces(
    child_line: Callable[..., Any], model_file: Path, tmp_path: Path
) -> None:
    ended = child_line("benchmark", model_file, *HASTE, "--output", "out").require_success()
    assert "accuracy was not measured" in ended.stdout
    assert "agree" not in ended.stdout
    report = Report.read(tmp_path / "out" / "report.json")
    assert report.results[0].quality is None
    assert max(map(len, ended.stdout.splitlines())) <= 100


@pytest.mark.parametrize(("limit", "exit_code"), [((), 0), (("--fail-on", "150"), 0), (("--fail-on", "50"), 1)])
def test_compare_reports_regressions_and_fails_beyond_limit(
    command_line: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    earlier: Path,
    tmp_path: Path,
    limit: tuple[str, ...],
    exit_code: int,
) -> None:
    now = Report.read(earlier / "report.json")
    monkeypatch.setattr("fer_edge.cli.commands.benchmark.load_subjects", lambda *_, **__: [])
    monkeypatch.setattr("fer_edge.cli.commands.benchmark.measure", lambda *_, **__: now)
    monkeypatch.chdir(tmp_path)
    larger, *others = now.results
    replace(now, results=(replace(larger, bytes=larger.bytes // 2), *others)).write(tmp_path / "old.json")
    ended = command_line("benchmark", "--compare", "old.json", *limit)
    assert ended.exit_code == exit_code
    assert "changed beyond the noise" in ended.stdout
    assert "+100.0%" in ended.stdout
    assert ("expected nothing to get worse by more than 50%" in ended.stderr) == bool(exit_code)
    assert Report.read(tmp_path / "runs/device/report.json") == now


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.tflite",), "no such model file"),
        (("--fail-on", "5"), "--compare"),
        (("--images", "5"), "--data"),
        (("--official-split",), "give them with --data"),
        (("--threads", "1,1"), "expected different whole numbers"),
        (("--threads", "two"), "expected different whole numbers"),
        (("--threads", f"1,{8 * (os.cpu_count() or 1) + 1}"), "expected different whole numbers from 1 to"),
        (("--threads", "10000001"), "expected different whole numbers from 1 to"),
        (("--compare", "none.json"), "none.json"),
        (("--runtime", "tflite"), "tflite"),
        (("--compare", "text.json"), "text.json"),
        (("--compare", "list.json"), "expected a report.json"),
        (("--peer-labels", ",".join(EXPRESSIONS)), "expected the peers' labels once"),
    ],
)
def test_invalid_options_are_refused_before_measuring(
    command_line: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fer_edge.cli.commands.benchmark.measure", lambda *_, **__: pytest.fail("measured"))
    Path("text.json").write_text("{")
    Path("list.json").write_text("[]")
    ended = command_line("benchmark", *arguments)
    assert ended.exit_code == 2
    assert message in ended.stderr


@pytest.mark.slow
def test_peers_labels_in_the_wrong_order_are_warned_of(
    command_line: Callable[..., Any], exported_paths: dict[str, Path], faces_zip: Path, tmp_path: Path
) -> None:
    own = exported_paths["tflite int8"]
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(own.read_bytes()[: read_card(own).model_bytes])
    stated = ("--peer", bare, "--peer-labels", ",".join(FER2013_ORDER))
    common = ("benchmark", own, *HASTE, "--data", faces_zip, "--output", tmp_path / "out")
    refused = command_line(*common, *stated)
    assert (refused.exit_code, "--peer-range 0..1, -1..1 or 0..255" in refused.stderr) == (2, True)
    ended = command_line(*common, *stated, "--peer-range", "0..255").require_success()
    (warning,) = (line for line in ended.stderr.splitlines() if line.startswith("warning: "))
    assert warning.startswith(f"warning: bare.tflite: with the order {','.join(EXPRESSIONS)} the accuracy would be")
    assert warning.endswith("; check --peer-labels")


@pytest.mark.parametrize("span", ["1", "0..0", "a..b", "0...1", ""])
def test_invalid_range_is_refused(command_line: Callable[..., Any], model_file: Path, span: str) -> None:
    ended = command_line("benchmark", "--peer", model_file, "--peer-range", span)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: --peer-range: expected the values of black and white such as 0..1")


@pytest.mark.parametrize("options", [["--stress"], ["--groups", "groups.csv"]])
def test_groups_and_stress_need_labelled_faces(command_line: Callable[..., Any], options: list[str]) -> None:
    ended = command_line("benchmark", "--quick", *options)
    assert ended.exit_code == 2
    assert "--stress and --groups need labelled faces: give them with --data" in ended.stderr
