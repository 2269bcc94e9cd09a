from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib import pyplot as plt

from benchmarks.figures.documented import files_section, training_section
from benchmarks.figures.networks import (
    ablation_table,
    command,
    copies_table,
    networks_table,
    people_per_class_table,
    per_class_table,
    quantization_table,
)
from benchmarks.figures.pareto import draw_pareto, plot_pareto
from benchmarks.peers.peers import PEERS
from fer_edge.benchmark.accuracy import People, Quality, WithoutCopies
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.benchmark.setting import Board, Data, Method
from fer_edge.benchmark.timing import summarize
from fer_edge.errors import InputError
from fer_edge.evaluation.metrics import evaluate_scores
from fer_edge.labels import EXPRESSIONS

DOCS = Path(__file__).parents[3] / "docs"
LABELS = np.arange(70) % 7
FER = f"fer {PEERS[0].version}"


def result(name: str, p50_ms: float, hits: int, precision: str = "int8", **facts: Any) -> Result:
    """A file that is right on the first `hits` of 70 images."""
    classes = np.where(np.arange(70) < hits, LABELS, (LABELS + 1) % 7)
    evaluation = evaluate_scores(np.eye(7, dtype=np.float32)[classes], LABELS).as_dict()
    timing = summarize(np.full(70, p50_ms))
    row = Result(
        name=f"{name}.tflite", file=f"{name}.tflite", sha256=name, network=name.partition("_")[0], precision=precision,
        runtime="LiteRT 2.3.0", threads=1, role="file", bytes=1_500_000, parameters=10, macs=2_500_000, delegate=None,
        parts=1, load_ms=None, first_ms=None, peak_memory_bytes=None, model=timing, frame=timing,
        quality=Quality(evaluation, (0.4, 0.9), None, "".join(map(str, classes))),
    )  # fmt: skip
    return replace(row, **facts)


def with_agreement(row: Result, agreement: float) -> Result:
    assert row.quality is not None
    return replace(row, quality=replace(row.quality, agreement=agreement))


REPORT = Report(
    created="",
    method=Method("default", 700, 5, 0.5, 1.0, ""),
    data=Data("faces.zip", "validation", 70, "", False, "".join(map(str, LABELS))),
    board=Board({"processor": "a processor"}, {}, {}, ()),
    results=(
        replace(
            result("alone", 9.0, 49, "fp32"), role="full", name="alone/model.keras", file="model.keras", bytes=9_000_000
        ),
        result("small_fp32", 1.5, 56, "fp32", parent="small/model.keras"),
        with_agreement(result("small_int8", 0.5, 49, parent="small/model.keras"), 0.98),
        with_agreement(result("alone_int8", 0.7, 42, parent="alone/model.keras"), 0.97),
        result("small_fp16", 1.4, 56, "fp16", parent="small/model.keras"),
        result("fer", 1.0, 35, "dynamic", role="peer", sha256=PEERS[0].sha256),
    ),
)


def with_votes(row: Result, accuracy: float) -> Result:
    quality = row.quality
    assert quality is not None
    answer = {**quality.evaluation, "samples": 60, "accuracy": accuracy, "mean_recall": 0.75}
    answer |= {"kl_divergence": 0.3, "calibration_error_by_votes": 0.02}
    without = WithoutCopies({**quality.evaluation, "accuracy": 0.5}, {**answer, "accuracy": accuracy - 0.01})
    people = People(answer, (0.8, 0.9), ((0.5, 0.6, 7),))
    return replace(row, quality=replace(quality, people=people, without_copies=without))


ACCURACIES = {"small_fp32": 0.6, "small_int8": 0.7, "alone_int8": 0.8, "fer": 0.9}
VOTED = replace(
    REPORT,
    data=replace(
        REPORT.data or Data("", "", 0, "", False),
        one_person={"accuracy": 0.8, "recall": dict.fromkeys(EXPRESSIONS, 0.7)},
    ),
    results=tuple(with_votes(row, ACCURACIES.get(row.name.partition(".")[0], 0.5)) for row in REPORT.results),
)


def test_peoples_answer_comes_first_in_every_table() -> None:
    lines = networks_table(VOTED).splitlines()
    assert lines[0].startswith(
        "| network | weights | people's answer | mean recall | calibration error by votes | file |"
    )
    assert lines[2].startswith("| small_int8 | int8 | 70.00 % | .750 | .020 | 1.5 MB |")
    assert lines[6].startswith("| one person | - | 80.00 % | .700 | - | - |")
    assert len({line.count("|") for line in lines[:7]}) == 1
    per_class = people_per_class_table(VOTED).splitlines()
    assert [line.split(" | ")[0] for line in per_class[4:10]] == [
        f"| {FER}", "| alone_int8", "| small_int8", "| small_fp32", "| one person", "| images"
    ]  # fmt: skip
    assert per_class[4].startswith(f"| {FER} | 50% / 50% |")
    assert per_class[8].startswith("| one person | 70% / - |")
    assert copies_table(VOTED).splitlines()[4] == f"| {FER} | 90.00% | 89.00% | 50.00% | 50.00% |"
    rows = quantization_table(VOTED).splitlines()[2:]
    assert rows[1].startswith("| small_int8 | 60.00% | 70.00% | 80.00% | 70.00% | -10.00 |")


def test_tables_without_votes_do_not_mention_people() -> None:
    assert people_per_class_table(REPORT) == copies_table(REPORT) == ""
    assert "people" not in networks_table(REPORT) + quantization_table(REPORT)


def arguments(folder: Path, report: Report) -> list[str]:
    report.write(folder / "report.json")
    pages = {name: folder / name for name in ("networks.md", "how-networks-were-made.md")}
    for name, page in pages.items():
        page.write_bytes((DOCS / name).read_bytes())
    options = {
        "report": folder / "report.json",
        "page": pages["networks.md"],
        "log-page": pages["how-networks-were-made.md"],
        "plot": folder / "p.png",
        "ablation": DOCS / "ablation.json",
    }
    return [word for name, value in options.items() for word in (f"--{name}", str(value))]


def test_page_has_all_sections(tmp_path: Path) -> None:
    seconds = {"plain": 0.5, "float32": 0.25, "bfloat16": 0.125}
    (tmp_path / "training_speed.json").write_text(json.dumps(seconds))
    documented = replace(VOTED.results[0], name="full", network="documented", quality=VOTED.results[1].quality)
    report = replace(VOTED, results=(*VOTED.results, documented))
    CliRunner().invoke(command, arguments(tmp_path, report), catch_exceptions=False)
    text = (tmp_path / "networks.md").read_text()
    assert files_section(report) in text
    assert training_section(seconds) in text
    ablation = json.loads((DOCS / "ablation.json").read_text())
    assert ablation_table(ablation) in (tmp_path / "how-networks-were-made.md").read_text()
    for section in (
        networks_table(VOTED),
        people_per_class_table(VOTED),
        per_class_table(VOTED),
        copies_table(VOTED),
        quantization_table(VOTED),
    ):
        assert section in text


def test_figures_of_an_invalid_run_are_not_published(tmp_path: Path) -> None:
    invalid = replace(VOTED, board=replace(VOTED.board, faults=("the clock fell",)))
    done = CliRunner().invoke(command, arguments(tmp_path, invalid))
    assert isinstance(done.exception, InputError)
    assert "the clock fell" in str(done.exception)
    CliRunner().invoke(command, [*arguments(tmp_path, invalid), "--force"], catch_exceptions=False)
    assert networks_table(invalid) in (tmp_path / "networks.md").read_text()


def test_networks_are_ordered_by_latency_and_compared_with_the_peer() -> None:
    lines = networks_table(REPORT).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:6]] == [
        "| small_int8",
        "| alone_int8",
        f"| {FER}",
        "| small_fp32",
    ]
    assert lines[2].startswith("| small_int8 | int8 | 1.5 MB | 10 | 2.5 | 70.0% |")
    assert lines[2].endswith("| 0.50 ms | 0.50 ms | 0.50 ms | 0.50 |")
    assert lines[-1].startswith("70 validation images of faces.zip; 700 rounds in turns")
    alone = replace(REPORT, results=tuple(row for row in REPORT.results if row.role != "peer"))
    assert "= 1" not in networks_table(alone)


def test_int8_is_compared_with_its_float32_file_or_its_full_model() -> None:
    lines = quantization_table(REPORT).splitlines()
    assert lines[2:] == [
        "| small_int8 | 80.00% | 70.00% | -10.00 | 98.0% | 0.2000 | 0.3000 | 1.0 |",
        "| alone_int8 | 70.00% | 60.00% | -10.00 | 97.0% | 0.3000 | 0.4000 | 6.0 |",
    ]


def test_int8_is_compared_with_its_full_model_for_the_prior_of_the_file() -> None:
    full = result("alone", 9, 49, precision="fp32", role="full", file="model.keras")
    folded = result("alone_int8", 1, 42, parent=full.name, full_quality=result("full", 9, 43).quality)
    row = quantization_table(replace(REPORT, results=(full, folded))).splitlines()[2]
    assert row.startswith("| alone_int8 | 61.43% | 60.00% | -1.43 | 98.6% |")


def test_ablation_keeps_its_order() -> None:
    row = {"name": "b", "val_accuracy": 0.5, "macro_f1": 0.4, "fear_recall": 0.3, "ece": 0.02, "epochs": 9}
    text = ablation_table({"setup": "As usual.", "rows": [row, {**row, "name": "a"}]})
    assert text.splitlines()[0] == "As usual."
    assert text.splitlines()[-2:] == [f"| {name} | 50.00% | 0.400 | 30.0% | 0.020 | 9 |" for name in "ba"]


@pytest.mark.parametrize("report", [REPORT, VOTED], ids=["label", "people"])
def test_pareto_picture_is_drawn(report: Report, tmp_path: Path) -> None:
    plot_pareto(report, tmp_path / "pareto.png")
    assert (tmp_path / "pareto.png").read_bytes().startswith(b"\x89PNG")


def test_no_label_of_the_pareto_picture_is_crossed_or_covered() -> None:
    hits = (44, 46, 48, 50, 52, 49, 47)
    rows = [result(f"net{i}_int8", 0.2 * 1.15**i, count) for i, count in enumerate(hits)]
    figure = plt.figure(figsize=(10, 6.2), layout="constrained")
    labels = draw_pareto(figure, replace(REPORT, results=tuple(rows)))
    (axes,) = figure.axes
    boxes = [label.get_window_extent() for label in labels]
    assert len(boxes) == len(rows)
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    for line in axes.get_lines():
        path = line.get_transform().transform_path(line.get_path())
        assert not any(path.intersects_bbox(box, filled=False) for box in boxes)
    frame = axes.bbox
    assert all(frame.x0 <= box.x0 < box.x1 <= frame.x1 and frame.y0 <= box.y0 < box.y1 <= frame.y1 for box in boxes)
    plt.close(figure)
