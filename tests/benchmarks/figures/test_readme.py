from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.figures.documented import files_section
from benchmarks.figures.readme import answer_section, command, networks_section
from benchmarks.peers.peers import PEERS
from fer_edge.benchmark.accuracy import People, Quality
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.benchmark.setting import Board, Data, Method
from fer_edge.benchmark.timing import summarize
from fer_edge.errors import InputError
from fer_edge.evaluation.metrics import evaluate_scores
from fer_edge.files import sha256_file
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import shipped_models

ROOT = Path(__file__).parents[3]
LABELS = np.arange(70) % 7


def result(name: str, ms: float, hits: int = 70, **facts: Any) -> Result:
    """A file that is right on the first `hits` of 70 images."""
    scores = np.eye(7, dtype=np.float32)[np.where(np.arange(70) < hits, LABELS, (LABELS + 1) % 7)]
    row = Result(
        name=name, file=name, sha256=name, network="documented", precision="int8", runtime="LiteRT 2.3.0", threads=1,
        role="file", bytes=1500, parameters=None, macs=2_500_000, delegate=None, parts=1, load_ms=None, first_ms=None,
        peak_memory_bytes=None, model=summarize(np.full(70, ms)), frame=summarize(np.full(70, ms)),
        quality=Quality(evaluate_scores(scores, LABELS).as_dict(), (0.9, 1.0), 0.985), parent="full",
    )  # fmt: skip
    return replace(row, **facts)


FULL = result("full", 10.0, role="full", file="model.keras", runtime="Keras 3", precision="fp32", parent=None)
PEER = result("fer", 2.0, 35, role="peer", network="fer", sha256=PEERS[0].sha256, precision="dynamic", parent=None)
REPORT = Report(
    created="",
    method=Method("default", 700, 5, 0.5, 1.0, ""),
    data=Data("faces.zip", "validation", 70, "", False),
    board=Board({"processor": "a processor"}, {}, {}, ()),
    results=(
        FULL,
        result("d_fp32.tflite", 5.0, precision="fp32"),
        result("d_int8.tflite", 2.5, 63),
        result("d_int8.tflite (slow)", 9.0, file="d_int8.tflite", sha256="d_int8.tflite", runtime="tensorflow 2"),
        result("d_int8.onnx", 3.0, runtime="onnxruntime 1"),
        result("other_int8.tflite", 1.0, network="other", parent=None, macs=None),
        PEER,
    ),
)


def rows(section: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in section.splitlines()[2:] if line.startswith("|")]


def test_int8_files_and_peers_are_ordered_by_latency() -> None:
    section = networks_section(REPORT)
    assert [row[:4] for row in rows(section)] == [
        ["`other`, int8", "100.00 %", "1,500", "-"],
        [f"`fer` {PEERS[0].version}'s own file", "50.00 %", "1,500", "2.5"],
        ["documented CNN, int8", "90.00 %", "1,500", "2.5"],
    ]
    assert [row[4] for row in rows(section)] == ["1.000", "2.000", "2.500"]
    setting = " ".join(section.partition("\n\n")[2].split())
    assert setting.startswith("70 validation images of faces.zip; 700 rounds in turns")
    assert setting.endswith("one thread, LiteRT 2.3.0, a processor.")


def with_votes(row: Result, accuracy: float, by_prior: dict[str, dict[str, float]]) -> Result:
    answer = {"samples": 60, "accuracy": accuracy, "mean_recall": 0.7571, "calibration_error_by_votes": 0.016}
    assert row.quality is not None
    return replace(row, quality=replace(row.quality, people=People(answer, (0.8, 0.9), (), by_prior)))


PRIORS = {"photos": {"accuracy": 0.875, "mean_recall": 0.76}, "balanced": {"accuracy": 0.77, "mean_recall": 0.84}}
SHIPPED_SHA256 = next(map(sha256_file, shipped_models().values()), "none ships")
VOTED = replace(
    REPORT,
    data=replace(
        REPORT.data or Data("", "", 0, "", False),
        majority="0" * 60 + "-" * 10,
        one_person={"accuracy": 0.8036, "recall": dict.fromkeys(EXPRESSIONS, 0.7)},
    ),
    results=(
        *(with_votes(each, 0.86, PRIORS if each.role != "peer" else {}) for each in REPORT.results),
        with_votes(result("shipped", 0.5, network="compact", sha256=SHIPPED_SHA256), 0.8725, {}),
    ),
)


def test_peoples_answer_comes_first_with_votes() -> None:
    if shipped_models():
        words = " ".join(answer_section(VOTED).split())
        assert "`compact` gives their answer for **87.2 %**, and one person that of the others for 80.4 %" in words
    table = [line for line in networks_section(VOTED).splitlines() if line.startswith("|")]
    assert table[0] == "| network | people's answer | mean recall | label accuracy | bytes | M mult. | p50 ms |"
    cells = {line.strip("| ").split(" | ")[0]: line.strip("| ").split(" | ") for line in table[2:]}
    assert cells["`other`, int8"][1:3] == ["86.00 %", ".757"]
    assert cells["one person"] == ["one person", "80.36 %", ".700", *["-"] * 4]
    assert len({line.count("|") for line in table}) == 1
    assert max(map(len, networks_section(VOTED).splitlines())) <= 120


def test_answer_is_empty_without_votes() -> None:
    assert answer_section(REPORT) == ""


def test_files_section_has_peoples_answer_and_one_person() -> None:
    table = files_section(VOTED).splitlines()
    assert table[0].startswith("| file | runtime | people's answer | mean recall |")
    assert table[-1].startswith("| one person | - | 80.36 % | .700 | - |")
    assert len({line.count("|") for line in table}) == 1


def test_files_section_has_the_full_model_and_its_files() -> None:
    assert [row[0] for row in rows(files_section(REPORT))] == [
        "`model.keras`", "`d_fp32.tflite`", "`d_int8.tflite`", "`d_int8.onnx`"
    ]  # fmt: skip
    assert rows(files_section(REPORT))[2] == [
        "`d_int8.tflite`", "LiteRT 2.3.0", "1,500", "2.500", "2.500", "4.0", "90.00 %", ".9000", "98.50 %"
    ]  # fmt: skip


def test_files_section_needs_the_full_model_and_accuracy() -> None:
    assert files_section(replace(REPORT, results=(PEER,))) == ""
    with pytest.raises(InputError, match="with accuracy, got none of full"):
        files_section(replace(REPORT, results=(replace(FULL, quality=None),)))


def test_readme_has_all_sections(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_bytes((ROOT / "README.md").read_bytes())
    VOTED.write(tmp_path / "report.json")
    arguments = ["--report", str(tmp_path / "report.json"), "--page", str(page)]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    text = page.read_text()
    assert networks_section(VOTED) in text
    assert answer_section(VOTED) in text


def test_figures_of_an_invalid_run_are_not_published(tmp_path: Path) -> None:
    disturbed = replace(REPORT, board=replace(REPORT.board, faults=("the clock fell",)))
    disturbed.write(tmp_path / "report.json")
    page = tmp_path / "page.md"
    page.write_text("<!-- figures: answer -->\n<!-- end -->\n<!-- figures: shipped -->\n<!-- end -->\n")
    arguments = ["--report", str(tmp_path / "report.json"), "--page", str(page)]
    done = CliRunner().invoke(command, arguments)
    assert isinstance(done.exception, InputError)
    assert "the clock fell" in str(done.exception)
    assert "2.500" not in page.read_text()
    CliRunner().invoke(command, [*arguments, "--force"], catch_exceptions=False)
    assert "2.500" in page.read_text()
