from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.benchmark import measure as measure_module
from fer_edge.benchmark import timing
from fer_edge.benchmark.cost import count_cost
from fer_edge.benchmark.labelled_faces import describe_data
from fer_edge.benchmark.measure import measure
from fer_edge.benchmark.report.changed_labels import label_changes_table
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.subjects import Role, Subject, load_subjects
from fer_edge.benchmark.timing import Effort
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.errors import FerEdgeError
from fer_edge.files import sha256_file
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.engine import Engine
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.inference.reweighting import for_prior
from fer_edge.labels import EXPRESSIONS

BRIEF = Effort("brief", 7)
SAYS_FRESH = (sys.executable, "-c", """print('{"load_ms": 3.0, "first_ms": 2.0, "peak_memory_bytes": 1}')""")


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "WARM_UP_S", 0.0)
    monkeypatch.setattr(measure_module, "QUICK", BRIEF)


class Doubting:
    """A full model that takes the second best class of another classifier wherever the best is not sure."""

    runtime = "none"

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self.card = ModelCard("full", "full")

    def classify(self, face: np.ndarray) -> np.ndarray:
        scores = self._classifier.classify(face).copy()
        if scores.max() < 0.5:
            scores[scores.argmax()] = 0
        return np.asarray(scores / scores.sum())

    def classify_all(self, faces: np.ndarray, on_progress: Callable[[int], None] | None = None) -> np.ndarray:
        return np.stack([self.classify(face) for face in faces])


@pytest.fixture
def family(model_file: Path, tmp_path: Path) -> list[Subject]:
    """A full model, a TFLite file of it, what passes for an ONNX file of it, and a file of another model."""
    full, onnx = tmp_path / "model.keras", tmp_path / "a.onnx"
    full.write_bytes(b"weights")
    onnx.write_bytes(b"the same weights")
    (other,) = load_subjects([model_file], engines=[Engine.LITERT])
    classifier = other.classifier
    assert isinstance(classifier, Classifier)
    card = replace(classifier.card, parent_sha256=sha256_file(full))

    def load() -> Classifier:
        return Classifier(open_interpreter(model_file), card, model_file)

    fresh = replace(other, fresh_command=SAYS_FRESH)
    return [
        Subject("model.keras", full, Role.FULL, Doubting(load()), "fp32"),
        replace(fresh, name="exported", classifier=load()),
        replace(fresh, name="exported.onnx", path=onnx, classifier=load(), reopen=None),
        replace(fresh, name="other"),
    ]


def test_device_without_labelled_faces_has_no_quality(model_file: Path, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    report = measure(
        load_subjects([model_file], engines=[Engine.LITERT]),
        effort=BRIEF,
        threads=(1, 2),
        on_stage=lambda what, share: told.append((what, share)),
    )
    (result,) = report.results
    assert (result.file, result.role, result.quality) == (model_file.name, "file", None)
    assert (len(result.model.samples_ms), len(result.frame.samples_ms)) == (7, 7)
    assert result.macs == count_cost(model_file).macs
    assert result.delegate == "XNNPACK"
    assert result.load_ms is not None
    assert set(report.threads[0].p50_ms) == {1, 2}
    assert (report.data, report.moved, report.full) == (None, (), None)
    assert "demo stream" in report.method.faces
    assert (report.method.effort, report.method.rounds) == ("brief", 7)
    assert {what for what, share in told if share == 1} == {"timing", "threads", "loading"}
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == report


def test_file_with_a_folded_prior_agrees_with_its_full_model(family: list[Subject], faces: Dataset) -> None:
    full, exported, *_ = family
    split = faces.validation
    data = describe_data(faces, split, "validation", synthetic=True)
    photos = dict(zip(EXPRESSIONS, (0.08, 0.02, 0.04, 0.27, 0.33, 0.14, 0.12), strict=True))
    card = ModelCard("full", "full", prior=photos, training={"votes": {"prior": photos}})
    assert isinstance(full.classifier, Doubting)
    full.classifier.card = card
    twin, folded_twin = (Doubting(Classifier.load(exported.path)) for _ in range(2))
    twin.card = folded_twin.card = replace(card, parent_sha256=sha256_file(full.path))
    folded = for_prior(folded_twin, "balanced", exported.path)
    files = [replace(exported, classifier=folded), replace(exported, name="as trained", classifier=twin)]
    report = measure([full, *files], effort=BRIEF, faces=split, data=data, threads=(1,))
    qualities = [result.quality for result in report.results]
    assert qualities[0] is not None
    assert qualities[1] is not None
    assert qualities[0].predicted != qualities[1].predicted
    assert qualities[2] is not None
    assert (qualities[1].agreement, qualities[2].agreement, report.moved) == (1, 1, ())
    # So quantization, not the prior, is what changes labels and accuracy.
    for result in report.results[1:]:
        assert [row[2] for row in label_changes_table(report).rows if row[0] == result.name] == ["0"]
        parent = report.parent_of(result)
        assert parent is not None
        assert parent.quality is not None
        assert result.quality is not None
        assert parent.quality.accuracy == result.quality.accuracy
    assert (report.results[1].full_quality is None, report.results[2].full_quality) == (False, None)


def test_full_model_and_its_files_are_measured_together(family: list[Subject], faces: Dataset, tmp_path: Path) -> None:
    split = faces.validation
    data = describe_data(faces, split, "validation", synthetic=True)
    report = measure(family, effort=BRIEF, faces=split, data=data, threads=(1,), emulated={"schema_version": 1})
    full, exported, onnx, other = report.results
    assert [each.parent for each in report.results] == [None, "model.keras", "model.keras", None]
    assert report.full is full

    # Both the full model and the ONNX file cost what the TFLite file of the same model does.
    assert full.macs == exported.macs == onnx.macs
    assert (full.load_ms, exported.load_ms, exported.first_ms) == (None, 3.0, 2.0)
    assert [each.name for each in report.threads] == ["exported", "other"]

    assert full.quality is not None
    assert exported.quality is not None
    assert other.quality is not None
    assert (full.quality.agreement, other.quality.agreement) == (None, None)
    differ = [a != b for a, b in zip(full.quality.predicted, exported.quality.predicted, strict=True)]
    assert exported.quality.agreement == pytest.approx(1 - np.mean(differ))
    assert {each.index for each in report.moved} <= set(np.flatnonzero(differ).tolist())
    assert len(report.moved) == min(sum(differ), 48)
    assert sum(differ) > 0
    assert {name for each in report.moved for name in each.files} == {"exported", "exported.onnx"}
    scores = [each.full[1] for each in report.moved]
    assert scores == sorted(scores, reverse=True)

    assert report.data is not None
    assert (report.data.images, len(report.data.labels)) == (len(split), len(split))
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == report


def voted(split: Split) -> Split:
    """The same images, on each of which nine of ten people give its label, and on the last nobody agrees."""
    counts = np.zeros((len(split), len(CHOICES)), np.uint16)
    counts[np.arange(len(split)), split.labels] = 9
    counts[:, CHOICES.index("unknown")] += 1
    counts[-1] = 1
    return replace(split, votes=Votes(counts))


def test_people_and_copies_of_training_images_are_judged(family: list[Subject], faces: Dataset, tmp_path: Path) -> None:
    images = faces.validation.images.copy()
    images[:3] = faces.train.images[:3]
    split = voted(replace(faces.validation, images=images))
    data = describe_data(faces, split, "validation", synthetic=True)
    assert (data.copied.index("0"), data.copies, data.majorities) == (3, 3, len(split) - 1)
    assert data.majority == data.labels[:-1] + "-"
    assert data.one_person is not None
    assert data.one_person_without_copies is not None
    assert data.one_person["accuracy"] == pytest.approx(0.9)
    report = measure(family, effort=BRIEF, faces=split, data=data, threads=())
    for result in report.results:
        assert result.quality is not None
        assert result.quality.people is not None
        assert result.quality.without_copies is not None
        right = [a == b for a, b in zip(result.quality.predicted, data.majority, strict=True) if b != "-"]
        assert result.quality.people.accuracy == pytest.approx(np.mean(right))
        assert result.quality.without_copies.evaluation["samples"] == len(split) - 3
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == report


def test_no_thread_numbers_give_no_comparison(family: list[Subject]) -> None:
    assert measure(family[3:], effort=BRIEF, threads=()).threads == ()


def test_opencv_threads_are_restored(family: list[Subject]) -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        measure(family[:1], effort=BRIEF, threads=())
        assert cv2.getNumThreads() == 2
    finally:
        cv2.setNumThreads(before)


def test_file_that_fails_in_a_fresh_process_raises(family: list[Subject]) -> None:
    broken = replace(family[3], fresh_command=(sys.executable, "-c", "import sys; sys.exit('out of memory')"))
    with pytest.raises(FerEdgeError, match="out of memory"):
        measure([broken], effort=BRIEF, threads=())


def test_inconsistent_arguments_are_rejected(family: list[Subject], faces: Dataset) -> None:
    for subjects, split in (([], None), ([family[0]] * 2, None), (family, faces.validation)):
        with pytest.raises(ValueError, match="unique names"):
            measure(subjects, effort=BRIEF, faces=split)
