from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.figures.networks import (
    ablation_table,
    command,
    copies_table,
    networks_table,
    people_per_class_table,
    quantization_table,
)
from benchmarks.figures.pareto import pareto_front, plot_pareto
from benchmarks.peers.compared import Comparison, Network
from benchmarks.peers.comparison import load_own
from fer_edge.benchmark.accuracy import People, WithoutCopies
from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.metrics import evaluate_scores


def network(name: str, p50_ms: float, hits: int, precision: str = "int8", **facts: Any) -> Network:
    """A network that is right on `hits` of 70 images."""
    labels = np.arange(70) % 7
    scores = np.eye(7, dtype=np.float32)[np.where(np.arange(70) < hits, labels, (labels + 1) % 7)]
    row = Network(
        name=name, package=None, about="", precision=precision, runtime="LiteRT", sha256="", bytes=1_500_000,
        parameters=10, macs=2_500_000, p50_ms=p50_ms, p90_ms=2 * p50_ms, whole_p50_ms=p50_ms, whole_p90_ms=p50_ms,
        latency_over_fer=p50_ms, evaluation=evaluate_scores(scores, labels).as_dict(),
    )  # fmt: skip
    return replace(row, **facts)


COMPARISON = Comparison(
    data="faces",
    images=70,
    rounds=3,
    machine={"processor": "a processor", "load_average": [0.0]},
    networks=(
        network("small_fp32", 1.5, 56, "fp32", parent_sha256="a"),
        network("small_int8", 0.5, 49, parent_sha256="a", agreement=0.98, accuracy_drop=0.1),
        network("alone_int8", 0.7, 42, parent_sha256="b", agreement=0.97, accuracy_drop=0.1),
        network("fer", 1.0, 35, package="fer 1.0"),
    ),
)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    COMPARISON.write(tmp_path / "peers.json")
    assert Comparison.read(tmp_path / "peers.json") == COMPARISON


def with_votes(row: Network, accuracy: float) -> Network:
    answer = {**row.evaluation, "samples": 60, "accuracy": accuracy, "mean_recall": 0.75}
    answer |= {"kl_divergence": 0.3, "calibration_error_by_votes": 0.02}
    without = WithoutCopies({**row.evaluation, "accuracy": 0.5}, {**answer, "accuracy": accuracy - 0.01})
    return replace(row, people=People(answer, (0.8, 0.9), ((0.5, 0.6, 7),)), without_copies=without)


VOTED = replace(
    COMPARISON,
    networks=tuple(with_votes(row, 0.6 + i / 10) for i, row in enumerate(COMPARISON.networks)),
    one_person={"accuracy": 0.8, "recall": dict.fromkeys(EXPRESSIONS, 0.7)},
)


def test_votes_are_read_back_and_files_from_before_them_are_read(tmp_path: Path) -> None:
    VOTED.write(tmp_path / "peers.json")
    assert Comparison.read(tmp_path / "peers.json") == VOTED
    COMPARISON.write(tmp_path / "peers.json")
    facts = json.loads((tmp_path / "peers.json").read_text())
    facts = {**facts, "schema_version": 1}
    del facts["one_person"]
    for row in facts["networks"]:
        del row["people"], row["without_copies"]
    (tmp_path / "old.json").write_text(json.dumps(facts))
    assert Comparison.read(tmp_path / "old.json") == COMPARISON


def test_peoples_answer_comes_first_in_every_table_with_one_person_beneath() -> None:
    lines = networks_table(VOTED).splitlines()
    assert lines[0].startswith(
        "| network | weights | people's answer | mean recall | calibration error by votes | file |"
    )
    assert lines[2].startswith("| small_int8 | int8 | 70.00 % | .750 | .020 | 1.5 MB |")
    assert lines[6].startswith("| one person | - | 80.00 % | .700 | - | - |")
    assert len({line.count("|") for line in lines[:7]}) == 1
    per_class = people_per_class_table(VOTED).splitlines()
    assert [line.split(" | ")[0] for line in per_class[4:10]] == [
        "| fer 1.0", "| alone_int8", "| small_int8", "| small_fp32", "| one person", "| images"
    ]  # fmt: skip
    assert per_class[4].startswith("| fer 1.0 | 50% / 50% |")
    assert per_class[8].startswith("| one person | 70% / - |")
    assert copies_table(VOTED).splitlines()[4] == "| fer 1.0 | 90.00% | 89.00% | 50.00% | 50.00% |"
    row = quantization_table(VOTED).splitlines()[3]
    assert row.startswith("| small_int8 | 60.00% | 70.00% | 80.00% | 70.00% | -10.00 |")


def test_without_votes_there_is_nothing_of_people() -> None:
    assert people_per_class_table(COMPARISON) == copies_table(COMPARISON) == ""
    assert "people" not in networks_table(COMPARISON) + quantization_table(COMPARISON)


def test_the_page_has_the_places(tmp_path: Path) -> None:
    page = tmp_path / "networks.md"
    page.write_bytes((Path(__file__).parents[3] / "docs" / "networks.md").read_bytes())
    VOTED.write(tmp_path / "peers.json")
    arguments = ["--peers", tmp_path / "peers.json", "--page", page, "--plot", tmp_path / "p.png", "--ablation", "none"]
    CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False)
    text = page.read_text()
    for section in (
        networks_table(VOTED),
        people_per_class_table(VOTED),
        copies_table(VOTED),
        quantization_table(VOTED),
    ):
        assert section in text


@pytest.mark.parametrize("content", [None, "{", "[]", '{"schema_version": 99}', '{"schema_version": 1, "threads": 1}'])
def test_another_file_is_refused(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "peers.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match="make bench-peers"):
        Comparison.read(path)


def test_the_front_leaves_out_what_is_slower_and_no_better() -> None:
    assert [row.name for row in pareto_front(COMPARISON.networks)] == ["small_int8", "small_fp32"]
    assert pareto_front([]) == []


def test_networks_come_by_latency_and_peers_by_their_package() -> None:
    lines = networks_table(COMPARISON).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:6]] == [
        "| small_int8",
        "| alone_int8",
        "| fer 1.0",
        "| small_fp32",
    ]
    assert lines[2].startswith("| small_int8 | int8 | 1.5 MB | 10 | 2.5 | 70.0% |")


def test_int8_is_set_beside_its_own_float_file_or_its_card() -> None:
    lines = quantization_table(COMPARISON).splitlines()
    assert lines[2:] == [
        "| small_int8 | 80.00% | 70.00% | -10.00 | 98.0% | 0.2000 | 0.3000 | 1.0 |",
        "| alone_int8 | 70.00% | 60.00% | -10.00 | 97.0% | - | 0.4000 | - |",
    ]


def test_the_ablation_keeps_its_order() -> None:
    row = {"name": "b", "val_accuracy": 0.5, "macro_f1": 0.4, "fear_recall": 0.3, "ece": 0.02, "epochs": 9}
    text = ablation_table({"setup": "As usual.", "rows": [row, {**row, "name": "a"}]})
    assert text.splitlines()[0] == "As usual."
    assert text.splitlines()[-2:] == [f"| {name} | 50.00% | 0.400 | 30.0% | 0.020 | 9 |" for name in "ba"]


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    for name, comparison in (("label", COMPARISON), ("people", VOTED)):
        plot_pareto(comparison, tmp_path / f"{name}.png")
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_is_named_twice_is_loaded_once(model_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "export" / "copy.tflite"
    copy.parent.mkdir()
    copy.write_bytes(model_file.read_bytes())
    assert [one.name for one in load_own([model_file, copy])] == [model_file.stem]


def test_the_front_is_by_peoples_answer_where_there_are_votes() -> None:
    assert [row.name for row in pareto_front(VOTED.networks)] == ["small_int8", "alone_int8", "fer"]
