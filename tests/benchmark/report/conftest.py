"""A report with everything in it, and what others make of file names."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.quality import judge_faces
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import ChangedLabel, Result, Threads, Timing
from fer_edge.benchmark.setting import Board, Data, Method
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import measure_one_person
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.evaluation.metrics import agreement, evaluate_scores
from fer_edge.labels import EXPRESSIONS, NUM_EXPRESSIONS

IMAGES, CALLS = 400, 140
HOSTILE = """</script><script>document.title='x'</script><img src=x onerror=alert(1)>"'&|`*_.tflite"""


@pytest.fixture(scope="module")
def report() -> Report:
    """A Keras model, three of its files, one of a file without a parent, and one that was not scored."""
    random = np.random.default_rng(7)
    labels = np.arange(IMAGES) % NUM_EXPRESSIONS
    full = random.dirichlet(np.ones(NUM_EXPRESSIONS), IMAGES) + 0.4 * np.eye(NUM_EXPRESSIONS)[labels]
    full /= full.sum(axis=1, keepdims=True)
    nearly = np.abs(full + random.normal(0, 0.03, full.shape))
    nearly /= nearly.sum(axis=1, keepdims=True)
    scores = {"net/model.keras": full, "net_fp32.tflite": full, "net_int8.tflite": nearly, HOSTILE: nearly}
    qualities = {name: _quality(each, labels, full) for name, each in scores.items()}
    results = (
        _result("net/model.keras", 10.0, 9_000_000, random, role="full", quality=qualities["net/model.keras"]),
        _result("net_fp32.tflite", 3.0, 8_000_000, random, quality=qualities["net_fp32.tflite"]),
        _result("net_int8.tflite", 0.5, 2_000_000, random, precision="int8", quality=qualities["net_int8.tflite"]),
        _result(HOSTILE, 0.7, 2_000_000, random, precision="int8", quality=qualities[HOSTILE], sha256="f" * 64),
        _result("unscored" + 12 * "_long_name" + ".tflite", 40.0, 500, random, role="peer", parent=None),
    )
    return Report(
        created="2026-11-22T10:00:00+00:00",
        method=Method("quick", CALLS, 5, 0.5, 3.2, "validation images in turn"),
        data=Data("faces.zip", "validation", IMAGES, "d" * 64, False, "".join(map(str, labels))),
        board=_board(("other processes used 0.87 of a core <b>",)),
        results=results,
        threads=tuple(Threads(r.name, {1: r.model.p50, 2: r.model.p50 / 2}, {1: 0.02, 2: 0.1}) for r in results[1:4]),
        moved=tuple(_changed_labels(scores, labels)),
        emulated=_emulated(),
    )


@pytest.fixture(scope="module")
def voted_report(report: Report) -> Report:
    """The same with people's votes, of which a third of the images has a copy in training."""
    data = report.data
    assert data is not None
    majority = np.array([int(digit) for digit in data.labels])
    counts = np.zeros((IMAGES, len(CHOICES)), np.uint16)
    counts[np.arange(IMAGES), majority] = 8
    counts[:, CHOICES.index("neutral")] += 2
    labels = np.where(np.arange(IMAGES) % 4 == 0, (majority + 1) % NUM_EXPRESSIONS, majority)
    faces = Split(np.zeros((IMAGES, 48, 48), np.uint8), labels, tuple(map(str, range(IMAGES))), Votes(counts))
    copied = np.arange(IMAGES) % 3 == 0
    one_person = measure_one_person(Votes(counts))
    assert one_person is not None
    person = one_person.as_dict()
    return replace(
        report,
        data=replace(
            data,
            labels="".join(map(str, labels)),
            majority=data.labels,
            copied="".join(str(int(each)) for each in copied),
            one_person=person,
            one_person_without_copies=person,
        ),
        results=tuple(_voted(result, faces, copied) for result in report.results),
    )


def _voted(result: Result, faces: Split, copied: npt.NDArray[np.bool_]) -> Result:
    quality = result.quality
    if quality is None:
        return result
    best = np.array([int(digit) for digit in quality.predicted])
    scores = 0.6 * np.eye(NUM_EXPRESSIONS, dtype=np.float32)[best] + np.float32(0.4 / NUM_EXPRESSIONS)
    prior = dict.fromkeys(EXPRESSIONS, 1 / NUM_EXPRESSIONS)
    card = ModelCard("net", "net", prior=prior, training={"votes": {"prior": prior}})
    judged = judge_faces(scores, faces, copied, card)
    return replace(result, quality=replace(judged, agreement=quality.agreement))


def _result(name: str, ms: float, size: int, random: np.random.Generator, **facts: Any) -> Result:
    plain: dict[str, Any] = {
        "file": name,
        "sha256": f"{size:064x}",
        "network": "net",
        "precision": "fp32",
        "runtime": "LiteRT 2.3.0",
        "threads": 1,
        "role": "file",
        "parent": None if name.endswith(".keras") else "net/model.keras",
        "bytes": size,
        "parameters": 2_000_000,
        "macs": None,
        "delegate": "XNNPACK",
        "parts": 1,
        "load_ms": 12.5,
        "first_ms": 3.2,
        "peak_memory_bytes": 70_000_000,
        "quality": None,
    }
    model, frame = _timing(ms, random), _timing(1.2 * ms, random)
    return Result(name, **{**plain, **facts}, model=model, frame=frame)


def _timing(ms: float, random: np.random.Generator) -> Timing:
    samples = ms * (1 + random.gamma(1, 0.1, CALLS))
    windows = [float(np.median(window)) for window in np.array_split(samples, 5)]
    p50, p90, p95 = (float(np.percentile(samples, percent)) for percent in (50, 90, 95))
    spread = max(windows) / min(windows) - 1
    return Timing(
        CALLS, samples.sum(), tuple(samples.tolist()), p50, p90, p95, None, samples.max(), tuple(windows), spread
    )


def _quality(scores: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], full: npt.NDArray[np.float64]) -> Quality:
    evaluation = evaluate_scores(scores, labels)
    predicted = "".join(map(str, scores.argmax(axis=1)))
    interval = (evaluation.accuracy - 0.03, evaluation.accuracy + 0.03)
    return Quality(evaluation.as_dict(), interval, agreement(scores, full), predicted)


def _changed_labels(scores: Mapping[str, npt.NDArray[np.float64]], labels: npt.NDArray[np.int64]) -> list[ChangedLabel]:
    full, int8 = scores["net/model.keras"], scores["net_int8.tflite"]
    found = []
    for i in np.flatnonzero(full.argmax(axis=1) != int8.argmax(axis=1)):
        picture = np.full((48, 48), int(i) % 256, np.uint8)
        png = base64.b64encode(cv2.imencode(".png", picture)[1].tobytes()).decode()
        best = (EXPRESSIONS[int8[i].argmax()], float(int8[i].max()))
        files = {"net_int8.tflite": best, HOSTILE: best}
        found.append(
            ChangedLabel(
                int(i), EXPRESSIONS[labels[i]], png, (EXPRESSIONS[full[i].argmax()], float(full[i].max())), files
            )
        )
    return found


def _board(faults: tuple[str, ...]) -> Board:
    facts = {"machine": "Raspberry Pi 5", "memory_mb": 8192, "affinity": [0, 1], "versions": {"numpy": "2.4.6"}}
    state = {"clock_mhz": 2400.0, "temperature_c": 51.2, "throttling": {"now": [], "since_boot": []}, "governor": None}
    return Board(facts, state, {**state, "temperature_c": 61.0}, faults)


def _emulated() -> dict[str, Any]:
    boards = (("cortex-a72", "Raspberry Pi 4"), ("cortex-a76", "Raspberry Pi 5"))
    count = {"model": "net_int8.tflite", "precision": "int8", "runtime": "LiteRT 2.3.0", "sha256": f"{2_000_000:064x}"}
    checks = [
        {"name": "doctor", "passed": True, "detail": ""},
        {"name": "argmax", "passed": False, "detail": "2 of 64"},
    ]
    return {
        "schema_version": 2,
        "created": "2026-11-22T09:00:00Z",
        "userlands": [
            {
                "name": "bookworm",
                "python": "3.11.2",
                "packages": {"numpy": "2.4.6"},
                "installed_bytes": 231_000_000,
                "installed_files": 2512,
                "fetched_bytes": 81_000_000,
                "fetched": [["numpy", "2.4.6", 15_800_000]],
                "doctor": {},
                "checks": checks,
            }
        ],
        "counts": [{**count, "cpu": cpu, "board": board, "instructions": 18_800_000} for cpu, board in boards],
        "stages": [
            {"cpu": cpu, "board": board, "model": "net", "faces": 1, "stage": "detect", "instructions": 51_000_000}
            for cpu, board in boards
        ],
    }
