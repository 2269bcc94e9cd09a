"""Accuracy of the whole pipeline, steadiness of its labels and faces shown in time, on real faces."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from rich.console import Console

from benchmarks.stream.coming_and_going import compare_schedules, print_schedules
from benchmarks.stream.steadiness.clips import record_clips
from benchmarks.stream.steadiness.labels import measure_labels, score_faces
from benchmarks.stream.whole_pipeline import measure_end_to_end, print_end_to_end
from fer_edge.dataset.data import Split
from fer_edge.inference.classifier import Classifier
from fer_edge.runtime.faces.smoothing import RAW, Smoothing

CONSOLE = Console(file=sys.stderr, width=120, highlight=False)


@pytest.fixture(scope="session")
def validation(real_faces: Split) -> Split:
    """A fixed sample of the validation split."""
    return real_faces.take(np.random.default_rng(0).choice(len(real_faces), 600, replace=False))


def test_upright_faces_of_100_px_keep_the_classifiers_accuracy(validation: Split) -> None:
    results = measure_end_to_end(validation)
    print_end_to_end(results, CONSOLE)
    for result in results:
        if result.turn == 0 and result.side >= 100:
            assert result.kept >= 0.97, result


def test_labels_are_steady_and_changes_show(validation: Split) -> None:
    if validation.votes is None or not validation.votes.voters.any():
        pytest.skip("expected images with people's votes, such as FER2013's, to know which changes are real")
    seen, crops = record_clips(validation.images[:100])
    faces = score_faces(Classifier.load(), validation, seen, crops)
    raw, steady = (measure_labels(faces, smoothing) for smoothing in (RAW, Smoothing()))
    assert steady.changes_a_second <= 0.1
    assert steady.changes_a_second < raw.changes_a_second / 5
    assert steady.delay_s(50) <= 0.5


def test_searching_around_known_faces_loses_none(real_faces: Split) -> None:
    each, plain, around = results = compare_schedules(real_faces.images[::40], clips=18, seed=1)
    print_schedules(results, CONSOLE)
    assert around.whole < plain.whole < each.whole
    assert np.mean(around.delays_s) - np.mean(plain.delays_s) <= 0.1
    assert around.never <= plain.never + 1
    assert around.missing <= plain.missing + 0.005
    assert around.iou >= plain.iou - 0.02
